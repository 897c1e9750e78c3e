// On each page with an explorer or an exercise: makes it live, or says in a sentence why it stays as it is.
(() => {
  const here = document.currentScript.src;
  const why =
    location.protocol === "file:"
      ? "You opened this page from a disk, where a browser cannot start Python. Serve the folder instead: python -m http.server"
      : typeof WebAssembly === "undefined" || typeof DecompressionStream === "undefined"
        ? "This browser runs no WebAssembly, or it is switched off. The page shows the stored results."
        : "";
  const served = location.protocol !== "file:";
  // These need no Python, only a place to keep what is answered.
  const kept = { ".recdrop-predict": "prediction.mjs", ".recdrop-quiz": "quiz.mjs", ".recdrop-progress": "your_progress.mjs" };
  for (const [kind, script] of Object.entries(kept)) {
    if (served && document.querySelector(kind)) import(new URL(script, here));
  }
  if (!why) {
    for (const [kind, script] of [[".recdrop-live", "explorer.mjs"], [".recdrop-exercise", "exercise.mjs"], [".recdrop-claim", "claim.mjs"]]) {
      if (document.querySelector(kind)) import(new URL(script, here));
    }
    return;
  }
  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll(".recdrop-live, .recdrop-exercise, .recdrop-claim")) {
      const said = document.createElement("p");
      said.className = "recdrop-why";
      said.textContent = why;
      place.append(said);
    }
  });
})();
