// An exercise on its page: an editor for each part, checked by the course's own checks in the page's Python.

import { button, element } from "./element.mjs";
import { kernel } from "./kernel.mjs";
import * as kept from "./progress.mjs";

const LIMIT = 20; // seconds for one check, once Python has started
const place = document.querySelector(".recdrop-exercise");
const exercise = JSON.parse(place.querySelector("script").textContent);
const bundle = place.dataset.editor ? new URL(place.dataset.editor, location.href) : "./plain_editor.mjs";
const { makeEditor } = await import(bundle);

// The explorer that shows a mistake, at its settings; the answer stays open on this page.
function seenIn({ explorer, settings, words }) {
  const address = new URL(`${place.dataset.explorers}${explorer}.html`, location.href);
  address.search = new URLSearchParams(settings);
  const link = element("a", { href: address, target: "_blank" }, `Explorer: ${words}`);
  return element("p", {}, link, " (opens in a new tab)");
}

// ---- one part ----

class PartOnPage {
  constructor(part) {
    this.part = part;
    const cell = document.getElementById(part.cell);
    this.result = element("div", { class: "recdrop-result", role: "status", "aria-live": "polite" });
    this.check = button("Check", () => this.run());
    this.stop = button("Stop", () => kernel.stop("You stopped it."));
    this.undo = button("Undo the reset", () => this.bringBack());
    this.state = element("span", { class: "recdrop-part-state" });
    const row = element("div", { class: "recdrop-live-row" }, this.check, this.stop);
    row.append(button("Hint", () => this.hint()), button("Reset", () => this.reset()), this.undo, this.state);
    const label = `Your answer to ${part.number}, ${part.name}`;
    const section = element("section", { class: "recdrop-part", "aria-label": label });
    this.editor = makeEditor(section, {
      text: kept.answer(part.number) ?? part.stub,
      label,
      changed: (text) => this.keep(text),
    });
    section.append(row, this.result);
    for (const child of cell.children) child.hidden = true;
    document.getElementById(part.check).hidden = true;
    cell.after(section);
    this.stop.hidden = true;
    this.show();
  }

  keep(text) {
    const untouched = text === this.part.stub;
    if (!kept.keepAnswer(this.part.number, untouched ? null : text)) {
      this.say("This browser stores nothing for this page. Export your notebook before you leave.");
    }
  }

  say(text) {
    this.result.replaceChildren(element("p", {}, text));
  }

  show() {
    const entry = kept.progress().parts[this.part.number];
    const { points } = this.part;
    const most = points ? `${points} points` : "for practice, no points";
    this.state.textContent = entry?.solved ? `✓ ${points ? `${entry.points} of ${most}` : most}` : most;
    this.undo.hidden = kept.before(this.part.number) === null;
  }

  // Not `disabled`: a button that is pressed by keyboard keeps the focus.
  set busy(is) {
    if (!is && document.activeElement === this.stop) this.check.focus();
    this.check.setAttribute("aria-disabled", is);
    this.stop.hidden = !is;
  }

  get busy() {
    return !this.stop.hidden;
  }

  async run() {
    if (this.busy) return;
    this.busy = true;
    this.say("Loading Python …");
    try {
      await kernel.ready();
      this.say("Checking …");
      const args = [this.part.number, this.editor.get(), before(this.part), kept.progressText()];
      const reply = await kernel.ask("check", args, LIMIT);
      kept.keepProgress(reply.progress);
      this.result.innerHTML = reply.html; // made by the course's own report, which escapes what the learner wrote
      if (reply.picture?.explorer) this.result.append(seenIn(reply.picture));
      if (reply.hint) this.result.append(element("p", {}, `Hint: ${reply.hint}`));
    } catch (error) {
      this.say(error.message);
    }
    this.busy = false;
    refresh();
  }

  hint() {
    const { number, hints } = this.part;
    const store = kept.progress();
    const entry = kept.entryOf(store, number);
    const read = Math.min(entry.hints, hints.length);
    entry.hints = Math.min(read + 1, hints.length);
    kept.keepProgress(JSON.stringify(store, null, 1));
    if (read < hints.length) this.say(`Hint ${read + 1} of ${hints.length}: ${hints[read]}`);
    else this.result.replaceChildren(
      element("p", {}, `You have read all ${hints.length} hints.`),
      element("ol", {}, ...hints.map((hint) => element("li", {}, hint))),
    );
  }

  reset() {
    kept.keepBefore(this.part.number, this.editor.get());
    this.editor.set(this.part.stub);
    this.keep(this.part.stub);
    this.say("The part is reset. “Undo the reset” restores your answer.");
    this.show();
  }

  bringBack() {
    this.write(kept.before(this.part.number));
    kept.keepBefore(this.part.number, null);
    this.say("Your answer is back.");
    this.show();
    this.editor.focus(); // the button that had it is gone
  }

  write(text) {
    this.editor.set(text);
    this.keep(text);
  }
}

// What runs before a part's own text: the set-up, and earlier answers that are solved, as in the notebook.
function before(part) {
  const { parts } = kept.progress();
  const earlier = shown.slice(0, exercise.parts.indexOf(part)).filter(({ part: { number } }) => parts[number]?.solved);
  return [exercise.setup, ...earlier.map(({ editor }) => editor.get())].join("\n\n\n");
}

// ---- the whole exercise ----

const said = element("span", { role: "status" });

const source = (cell) => (Array.isArray(cell.source) ? cell.source.join("") : cell.source);

function answerCell(notebook, { name }) {
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");
  return (
    code.find((cell) => cell.metadata?.nbgrader?.grade_id === name) ??
    code.find((cell) => source(cell).split("\n").some((line) => line.startsWith(`def ${name}(`)))
  );
}

async function exportNotebook() {
  const notebook = await (await fetch(new URL(place.dataset.notebook, location.href))).json();
  for (const { part, editor } of shown) {
    const cell = answerCell(notebook, part);
    // Line by line, as Jupyter writes it; a cell that was not touched stays as it was given.
    if (editor.get() !== source(cell)) cell.source = editor.get().split(/(?<=\n)/);
  }
  kept.download(`${exercise.name}.ipynb`, `${JSON.stringify(notebook, null, 1)}\n`);
  said.textContent = `Exported. In JupyterLab it belongs in exercises/${exercise.name}/.`;
}

async function imported(file) {
  const text = await file.text();
  try {
    const found = JSON.parse(text);
    if (Array.isArray(found.cells)) return importNotebook(found);
  } catch {
    // said below, unless it is somebody's progress
  }
  if (kept.take(text)) return importProgress();
  said.textContent = `${file.name} is neither a notebook of this exercise nor a progress.json.`;
}

function importNotebook(notebook) {
  let count = 0;
  for (const one of shown) {
    const cell = answerCell(notebook, one.part);
    if (!cell) continue;
    if (one.editor.get() !== one.part.stub) kept.keepBefore(one.part.number, one.editor.get());
    one.write(source(cell));
    one.show();
    count += 1;
  }
  said.textContent = `${count} of ${shown.length} answers came from the notebook.`;
}

function importProgress() {
  refresh();
  said.textContent = "The progress in that file was added to yours.";
}

function refresh() {
  for (const one of shown) one.show();
  const { parts } = kept.progress();
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const points = sum(exercise.parts.map(({ number }) => parts[number]?.points ?? 0));
  total.textContent = `${points} of ${sum(exercise.parts.map((part) => part.points))} points`;
}

const total = element("strong");
const file = element("input", { type: "file", accept: ".ipynb,.json", hidden: "", "aria-label": "A notebook or progress.json" });
file.addEventListener("change", async () => {
  if (file.files.length) await imported(file.files[0]);
  file.value = "";
});
const row = element("div", { class: "recdrop-live-row" }, total, button("Export .ipynb", exportNotebook));
row.append(
  button("Import .ipynb or progress", () => file.click()),
  button("Export progress", kept.exportProgress),
  file,
  said,
);
place.append(
  element("p", {}, "Solve it here: your answers stay in this browser. The checks are those of JupyterLab; torch is a stand-in for it. ", place.dataset.size),
  row,
);
const shown = exercise.parts.map((part) => new PartOnPage(part));
kernel.listen(({ bytes, of }) => {
  const busy = shown.find((one) => one.busy);
  if (busy && bytes < of) busy.say(`Loading Python: ${(bytes / 1e6).toFixed(1)} of ${(of / 1e6).toFixed(1)} MB`);
});
refresh();
place.dataset.state = "ready";
