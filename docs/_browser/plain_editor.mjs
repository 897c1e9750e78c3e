// The editor where CodeMirror could not be fetched for the build: a text field that keeps the indentation.

export function makeEditor(parent, { text, label, changed }) {
  const field = document.createElement("textarea");
  field.className = "recdrop-plain-editor";
  field.spellcheck = false;
  field.setAttribute("aria-label", label);
  field.addEventListener("input", () => changed(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    const line = field.value.slice(0, field.selectionStart).split("\n").pop();
    const indent = line.match(/^ */)[0] + (line.trimEnd().endsWith(":") ? "    " : "");
    event.preventDefault();
    field.setRangeText(`\n${indent}`, field.selectionStart, field.selectionEnd, "end");
    changed(field.value);
  });
  const set = (given) => {
    field.value = given;
    field.rows = Math.max(6, given.split("\n").length + 2);
  };
  set(text);
  parent.append(field);
  return { get: () => field.value, set, focus: () => field.focus() };
}
