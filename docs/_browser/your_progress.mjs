// The learner's progress, lesson by lesson, and the one file that moves it to JupyterLab and back.

import { button, element } from "./element.mjs";
import * as kept from "./progress.mjs";

const place = document.querySelector(".recdrop-progress");
const lessons = JSON.parse(place.querySelector("script").textContent);

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

// ---- what is counted ----

const isSolved = (store, { number }) => Boolean(store.parts[number]?.solved);
const pointsOf = (store, parts) => sum(parts.filter((part) => isSolved(store, part)).map(({ points }) => points));

const isRight = ({ right, tolerance }, answer) =>
  typeof right === "number" ? Math.abs(answer - right) <= tolerance * (1 + 1e-9) : answer === right;

function predictionsOf(store, predictions) {
  const made = predictions.filter(({ name }) => store.kept[`prediction ${name}`] !== undefined);
  const right = made.filter((one) => isRight(one, store.kept[`prediction ${one.name}`].answer));
  return { made: made.length, right: right.length, of: predictions.length };
}

// ---- the board ----

function partLink(store, part) {
  const solved = isSolved(store, part);
  const attributes = { href: part.page, title: part.name, "aria-label": `${part.number} ${part.name}, ${solved ? "solved" : "open"}` };
  return element("a", { ...attributes, class: solved ? "recdrop-solved" : "recdrop-open" }, `${part.number} ${solved ? "✓" : "·"}`);
}

function row(store, { title, page, parts, predictions }) {
  const { made, right, of } = predictionsOf(store, predictions);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, element("a", { href: page }, title)),
    element("td", {}, parts.length ? `${pointsOf(store, parts)} of ${sum(parts.map(({ points }) => points))}` : "–"),
    element("td", {}, element("div", { class: "recdrop-parts" }, ...parts.map((part) => partLink(store, part)))),
    element("td", {}, of ? `${made} of ${of}${made ? `, ${right} right` : ""}` : "–"),
  );
}

function board(store) {
  const head = ["lesson", "points", "parts", "predictions"].map((name) => element("th", { scope: "col" }, name));
  const body = element("tbody", {}, ...lessons.map((lesson) => row(store, lesson)));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), body);
  return element("div", { class: "recdrop-wide", tabindex: "0", role: "group", "aria-label": "Your progress by lesson" }, table);
}

function summary(store) {
  const parts = lessons.flatMap((lesson) => lesson.parts);
  const solved = parts.filter((part) => isSolved(store, part)).length;
  const { made, right, of } = predictionsOf(store, lessons.flatMap((lesson) => lesson.predictions));
  const points = `${pointsOf(store, parts)} of ${sum(parts.map((part) => part.points))} points`;
  const next = parts.find((part) => !isSolved(store, part));
  const sittings = (when) => Object.keys(store.kept).filter((name) => name.startsWith(`quiz ${when} `)).length;
  const quiz = ["opening", "closing"].map((when) => `${when} ${sittings(when) ? "answered" : "not answered"}`).join(", ");
  const said = `${solved} of ${parts.length} parts solved, ${points}. ${made} of ${of} predictions made, ${right} right. Quiz: ${quiz}.`;
  return element("p", {}, said, ...(next ? [" Next: ", element("a", { href: next.page }, `${next.number} ${next.name}`), "."] : []));
}

const shown = element("div");

function show() {
  const store = kept.progress();
  shown.replaceChildren(summary(store), board(store));
}

// ---- in and out ----

const said = element("span", { role: "status" });
const file = element("input", { type: "file", accept: ".json", hidden: "", "aria-label": "A progress.json" });
file.addEventListener("change", async () => {
  const [given] = file.files;
  file.value = "";
  if (!given) return;
  const taken = kept.take(await given.text());
  said.textContent = taken
    ? `${given.name} was added to what is kept here.`
    : `${given.name} is no progress.json, or this browser keeps nothing for this page.`;
  show();
});
const exported = button("Export progress", () => {
  kept.exportProgress();
  said.textContent = "Exported. In your course folder: recdrop progress --take progress.json";
});
place.replaceChildren(
  shown,
  element("div", { class: "recdrop-live-row" }, exported, button("Import progress", () => file.click()), file, said),
);
show();
place.dataset.state = "ready";
