// On each page with an explorer: makes it live, or says in a sentence why it stays a picture.
(() => {
  const why =
    location.protocol === "file:"
      ? "This page was opened from a disk, where a browser starts no Python. Serve the folder instead: python -m http.server"
      : typeof WebAssembly === "undefined" || typeof DecompressionStream === "undefined"
        ? "This browser runs no WebAssembly, or it is switched off: the picture stays as it is stored."
        : "";
  if (!why) {
    import(new URL("explorer.mjs", document.currentScript.src));
    return;
  }
  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll(".recdrop-live")) {
      const said = document.createElement("p");
      said.className = "recdrop-why";
      said.textContent = why;
      place.append(said);
    }
  });
})();
