// The learner's progress and answers in this browser's storage; nothing leaves it but by "export".
// The progress is the text of .recdrop/progress.json, the file of a course in JupyterLab.

const PROGRESS = "recdrop:progress";

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // switched off: a page works without its memory
  }
}

function write(key, text) {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

export const progressText = () => read(PROGRESS) ?? "";
export const keepProgress = (text) => write(PROGRESS, text);

export function progress() {
  try {
    const found = JSON.parse(progressText());
    return { version: 1, kept: {}, ...found, parts: { ...found.parts } };
  } catch {
    return { version: 1, parts: {}, kept: {} };
  }
}

export const entryOf = (store, number) =>
  (store.parts[number] ??= { solved: false, points: 0, checks: 0, hints: 0, misconceptions: [] });

export const answer = (number) => read(`recdrop:answer:${number}`);
export const keepAnswer = (number, text) => write(`recdrop:answer:${number}`, text);
export const before = (number) => read(`recdrop:before:${number}`);
export const keepBefore = (number, text) => write(`recdrop:before:${number}`, text);

export function download(name, text, type = "application/json") {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
