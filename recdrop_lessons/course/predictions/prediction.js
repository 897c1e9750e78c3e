// The browser half of a prediction: it shows the form that the kernel wrote, and hands it back filled in.

function render({ model, el }) {
  const root = document.createElement("section");
  root.className = "recdrop-prediction";
  root.setAttribute("aria-label", `Prediction ${model.get("name")}`);
  root.setAttribute("aria-live", "polite");
  root.tabIndex = -1;
  el.append(root);

  const show = () => {
    const focused = root.contains(document.activeElement);
    root.innerHTML = model.get("form");
    // The focus stays where the person is: on what was wrong, else on the next button, else on the answer.
    if (focused) (root.querySelector("input, button") || root).focus({ preventScroll: true });
  };
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    const filled = new FormData(event.target, event.submitter);
    model.send({ do: filled.get("do"), answer: filled.get("answer") });
  });
  // Keys meant for the form are taken before Jupyter sees them: its shortcuts would act on them.
  const press = (event) => { if (root.contains(event.target)) event.stopPropagation(); };
  window.addEventListener("keydown", press, { capture: true });

  model.on("change:form", show);
  show();
  return () => {
    window.removeEventListener("keydown", press, { capture: true });
    model.off("change:form", show);
  };
}

export default { render };
