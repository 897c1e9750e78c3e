// A claim tried with the reader's seed: the probes that decide it ask Keras, or the browser's torch, in this page.

import { element } from "./element.mjs";
import { kernel } from "./kernel.mjs";

const LIMIT = 60; // seconds for one try, once Python has started
const SIGNS = { true: "✔", "half true": "◐", false: "✘" };
const NEEDS = { keras: "keras.zip", torch: "" };

const place = document.querySelector(".recdrop-claim");
const { packages, verdict: recorded } = JSON.parse(place.querySelector("script").textContent);

const seed = element("input", { type: "number", min: "0", max: "4294967295", step: "1", value: "1", name: "seed" });
const start = element("button", { type: "submit" }, "Try it");
const stop = element("button", { type: "button", hidden: "" }, "Stop");
const said = element("span", { role: "status" }, place.dataset.size);
const form = element("form", { class: "recdrop-live-row" }, element("label", {}, "Your seed: ", seed), start, stop, said);
const head = ["seed", "asked", "observed", "verdict on the claim"].map((name) => element("th", { scope: "col" }, name));
const body = element("tbody");
const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), body);
const wide = element("div", { class: "recdrop-wide", tabindex: "0", role: "group", "aria-label": "What was observed", hidden: "" }, table);
place.append(form, wide);

// Not `disabled`: a button that is pressed by keyboard keeps the focus.
const isBusy = () => !stop.hidden;
function setBusy(is) {
  if (!is && document.activeElement === stop) start.focus();
  start.setAttribute("aria-disabled", is);
  stop.hidden = !is;
}

// One verdict where all facts decide alike, else half true; "" where one decides nothing.
function verdictOf(observed) {
  const verdicts = new Set(observed.map(({ verdict }) => verdict));
  if (verdicts.has(undefined)) return "";
  return verdicts.size === 1 ? [...verdicts][0] : "half true";
}

async function askAll(wanted) {
  const observed = [];
  const releases = [];
  for (const [name, facts] of Object.entries(packages)) {
    const reply = await kernel.ask("ask_framework", [name, JSON.stringify(Object.keys(facts)), String(wanted)], LIMIT, NEEDS[name]);
    releases.push(reply.release);
    for (const one of reply.observed) observed.push({ ...one, verdict: facts[one.fact][one.observed] });
  }
  return { observed, releases };
}

function show(wanted, observed) {
  wide.hidden = false;
  observed.forEach(({ question, observed: seen, verdict }, k) => {
    const first = k === 0 ? [element("td", { rowspan: observed.length }, String(wanted))] : [];
    const words = verdict ? `${SIGNS[verdict]} ${verdict}` : "decides nothing";
    body.append(element("tr", {}, ...first, ...[question, seen, words].map((text) => element("td", {}, text.replaceAll("`", "")))));
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isBusy()) return;
  const wanted = seed.valueAsNumber;
  setBusy(true);
  said.textContent = kernel.running ? "Asking …" : "Loading Python …";
  const began = performance.now();
  try {
    const { observed, releases } = await askAll(wanted);
    const verdict = verdictOf(observed);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const as = verdict === recorded ? "as recorded" : `recorded: ${recorded}`;
    show(wanted, observed);
    said.textContent = `Seed ${wanted}: ${SIGNS[verdict] ?? ""} ${verdict || "nothing decided"}, ${as}; ${releases.join(", ")}, ${seconds} s.`;
    seed.value = String((wanted + 1) % 4294967296);
    place.dataset.state = "live";
  } catch (error) {
    said.textContent = `It did not run, and the recorded verdict stands: ${error.message}`;
  }
  setBusy(false);
});
stop.addEventListener("click", () => kernel.stop("You stopped it."));
kernel.listen(({ bytes, of }) => {
  if (isBusy()) said.textContent = bytes < of ? `${(bytes / 1e6).toFixed(1)} of ${(of / 1e6).toFixed(1)} MB` : "Starting Python …";
});
place.dataset.state = "ready";
