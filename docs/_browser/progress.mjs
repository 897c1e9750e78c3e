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

// ---- two stores in one: the rules of recdrop_lessons/course/progress/moving.py ----

const isObject = (found) => typeof found === "object" && found !== null && !Array.isArray(found);
const isCount = (found) => Number.isInteger(found) && found >= 0;
const isEntry = (entry) =>
  isObject(entry) && typeof entry.solved === "boolean" && Array.isArray(entry.misconceptions) &&
  [entry.points, entry.checks, entry.hints].every(isCount);

// What of a parsed file has the form that the course writes; null where it holds no progress.
export function readable(found) {
  if (!isObject(found) || !isObject(found.kept)) return null;
  const entries = Object.entries(isObject(found.parts) ? found.parts : {}).filter(([, entry]) => isEntry(entry));
  return { version: 1, ...found, parts: Object.fromEntries(entries) };
}

function best(own, other) {
  const most = ["points", "checks", "hints"].map((key) => [key, Math.max(own[key], other[key])]);
  const added = other.misconceptions.filter((name) => !own.misconceptions.includes(name));
  const misconceptions = [...own.misconceptions, ...added];
  return { ...other, ...own, ...Object.fromEntries(most), solved: own.solved || other.solved, misconceptions };
}

// The one that was kept first; your own where a moment is missing.
function earlier(own, other) {
  const moments = [own?.at, other?.at];
  return moments.every((at) => typeof at === "string") && moments[1] < moments[0] ? other : own;
}

function united(own, other, one) {
  const all = { ...other, ...own };
  for (const name of Object.keys(own)) if (name in other) all[name] = one(own[name], other[name]);
  return all;
}

export function merged(own, other) {
  const parts = united(own.parts, other.parts, best);
  return { ...other, ...own, parts, kept: united(own.kept, other.kept, earlier) };
}

// Add what a file holds to what is kept here. False where it holds no progress, or nothing can be kept.
export function take(text) {
  let found = null;
  try {
    found = readable(JSON.parse(text));
  } catch {
    // said by who asked
  }
  const own = progress();
  const sound = readable(own) ?? { version: 1, parts: {}, kept: {} };
  return found !== null && keepProgress(JSON.stringify(merged(sound, found), null, 1));
}

export const exportProgress = () => download("progress.json", `${JSON.stringify(progress(), null, 1)}\n`);

// ---- parts and answers ----

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
