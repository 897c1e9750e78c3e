// A prediction on a lesson's page: asked as in JupyterLab, kept in this browser, the first answer counts.
// It needs no Python: the page was built with the form and with what is said at the end.

import { readNumber } from "./number.mjs";
import * as kept from "./progress.mjs";

function mount(place) {
  const asked = JSON.parse(place.querySelector("script").textContent);
  const entry = `prediction ${asked.name}`; // as the course names it in progress.json
  const root = document.createElement("section");
  root.className = "recdrop-prediction";
  root.setAttribute("aria-label", `Prediction ${asked.name}`);
  root.setAttribute("aria-live", "polite");
  root.tabIndex = -1;
  place.replaceChildren(root);

  const own = () => kept.progress().kept[entry]?.answer;
  const words = (answer) => asked.words[answer] ?? String(answer);
  const isRight = (answer) =>
    typeof asked.right === "number"
      ? Math.abs(answer - asked.right) <= asked.tolerance * (1 + 1e-9)
      : answer === asked.right;

  // What is wrong with this very answer; a number may be off by 5 %, as in JupyterLab.
  function faultOf(answer) {
    const near = (given) =>
      typeof answer === "number" &&
      Math.abs(answer - given) <= 0.05 * Math.max(Math.abs(answer), Math.abs(given));
    const [, fault] = Object.entries(asked.faults).find(([given]) => given === answer || near(Number(given))) ?? [];
    return fault ? `<p><b>About your answer:</b> ${fault}</p>` : "";
  }

  // The answer as the course keeps it, or null.
  function read(text) {
    if (Object.hasOwn(asked.words, text ?? "")) return text;
    return typeof asked.right === "number" ? readNumber(text ?? "") : null;
  }

  function show(html) {
    const focused = root.contains(document.activeElement);
    root.innerHTML = html;
    if (focused) (root.querySelector("input, button") ?? root).focus({ preventScroll: true });
  }

  const button = (value, label) => `<button type="submit" name="do" value="${value}">${label}</button>`;
  const showKept = () =>
    show(
      `<form><p><b>Predict.</b> ${asked.question}</p><p>Kept: <b>${words(own())}</b></p>` +
        `<p>Read on, then compare.</p>${button("show", "Show the answer")}</form>`,
    );

  function showTold() {
    const answer = own();
    const mark = answer === "not sure" ? "" : isRight(answer) ? " ✔" : " ✘";
    show(
      `<p><b>Predict.</b> ${asked.question}</p><p><b>Your prediction:</b> ${words(answer)}${mark}</p>` +
        `${faultOf(answer)}${asked.told}`,
    );
  }

  root.addEventListener("submit", (event) => {
    event.preventDefault();
    const filled = new FormData(event.target, event.submitter);
    if (filled.get("do") === "show") return showTold();
    const answer = read(filled.get("answer"));
    if (answer === null) {
      const wanted = typeof asked.right === "number" ? "Write a number, such as 0.5." : "Choose an answer first.";
      show(asked.form);
      return root.querySelector("form").insertAdjacentHTML("beforeend", `<p role="alert">${wanted}</p>`);
    }
    const store = kept.progress();
    store.kept[entry] ??= { at: new Date().toISOString().replace(/\.\d+Z$/, "+00:00"), answer };
    if (kept.keepProgress(JSON.stringify(store, null, 1))) return showKept();
    show(`<p>This browser keeps nothing for this page.</p><p><b>Predict.</b> ${asked.question}</p>${asked.told}`);
  });

  if (own() === undefined) show(asked.form);
  else showKept();
}

document.querySelectorAll(".recdrop-predict").forEach(mount);
