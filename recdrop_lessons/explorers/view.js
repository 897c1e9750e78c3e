// The browser half of every explorer: native controls, one picture, one spoken line.

let count = 0;  // makes the ids of labels unique on the page

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function decimals(step) {
  return (String(step).split(".")[1] || "").length;
}

// Each maker returns the row to show, the element that takes the focus, and a function that shows a value.
const makers = {
  slider(spec, id, send) {
    const input = element("input", { type: "range", id, min: spec.low, max: spec.high, step: spec.step });
    const value = element("output", { for: id });
    const say = () => { value.textContent = Number(input.value).toFixed(decimals(spec.step)); };
    input.addEventListener("input", () => { say(); send(Number(input.value)); });
    const show = (given) => { input.value = given; say(); };
    return { row: [element("label", { for: id }, spec.label), input, value], input, show };
  },
  choice(spec, id, send) {
    const options = spec.options.map(([value, label]) => element("option", { value }, label));
    const input = element("select", { id }, ...options);
    input.addEventListener("change", () => send(input.value));
    const show = (given) => { input.value = given; };
    return { row: [element("label", { for: id }, spec.label), input], input, show };
  },
  toggle(spec, id, send) {
    const input = element("input", { type: "checkbox", id });
    input.addEventListener("change", () => send(input.checked));
    const show = (given) => { input.checked = given; };
    return { row: [input, element("label", { for: id }, spec.label)], input, show };
  },
  again(spec, id, send) {
    const input = element("button", { type: "button", id }, spec.label);
    let seed = 0;
    input.addEventListener("click", () => send(seed + 1));
    const show = (given) => { seed = given; };
    return { row: [input], input, show };
  },
};

function render({ model, el }) {
  const id = `recdrop-${++count}`;
  const controls = {};
  const change = (name, value) => {
    el.dataset.sent = performance.now();
    model.set("settings", { ...model.get("settings"), [name]: value });
    model.save_changes();
  };

  const form = element("form", { class: "recdrop-controls", "aria-label": `Settings: ${model.get("title")}` });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const spec of model.get("controls")) {
    const control = makers[spec.kind](spec, `${id}-${spec.name}`, (value) => change(spec.name, value));
    control.input.dataset.control = spec.name;
    controls[spec.name] = control;
    form.append(element("div", { class: `recdrop-control recdrop-${spec.kind}` }, ...control.row));
  }
  const status = element("p", { class: "recdrop-status", role: "status", "aria-live": "polite" });
  const error = element("p", { class: "recdrop-error", role: "alert" });
  const picture = element("div", { class: "recdrop-picture", role: "group", "aria-label": "Picture" });
  const words = element("p");
  const alternative = element("details", {}, element("summary", {}, "The picture in words"), words);
  const panel = element("div", { class: "recdrop-panel", role: "group", "aria-label": "Details" });
  const root = element("section", { class: "recdrop", "aria-label": model.get("title") });
  root.append(element("p", { class: "recdrop-title" }, model.get("title")), form, status, error, panel);
  root.append(picture, alternative);
  el.append(root);

  const showSettings = () => {
    const settings = model.get("settings");
    for (const [name, control] of Object.entries(controls)) {
      // A slider under the hand is ahead of the kernel: leave it where the hand has it.
      const held = control.input.type === "range" && control.input.matches(":active");
      if (!held) control.show(settings[name]);
    }
  };

  // What scrolls must be reached by keyboard; what does not scroll is no stop on its way.
  const reachable = () => {
    for (const area of [picture, panel]) {
      if (area.scrollWidth > area.clientWidth) area.tabIndex = 0;
      else area.removeAttribute("tabindex");
    }
  };
  const resized = new ResizeObserver(reachable);
  resized.observe(root);

  const showFrame = () => {
    const frame = model.get("frame");
    error.textContent = frame.error;
    if (!frame.error) {
      const parts = () => [...picture.querySelectorAll("[data-name]")];
      const focused = parts().indexOf(document.activeElement);  // the new picture has the same parts in order
      picture.innerHTML = frame.picture;
      if (focused >= 0) parts()[focused]?.focus({ preventScroll: true });
      status.textContent = frame.status;
      words.textContent = frame.alt;
      panel.innerHTML = frame.panel;
      for (const [name, control] of Object.entries(controls)) control.input.disabled = frame.off.includes(name);
    }
    reachable();
    if (el.dataset.sent) el.dataset.milliseconds = (performance.now() - Number(el.dataset.sent)).toFixed(1);
    el.dataset.serial = frame.serial;
  };

  // A part of the picture that carries data-name and data-value sets that control, by pointer or by key.
  const pick = (event) => {
    const part = event.target.closest("[data-name]");
    if (part) {
      const { name, value } = part.dataset;
      change(name, controls[name].input.type === "range" ? Number(value) : value);
    }
    return Boolean(part);
  };
  picture.addEventListener("click", pick);
  // Keys meant for a control or for the picture are taken before Jupyter sees them: its shortcuts, and the
  // notebook's own handling of arrow keys, would act on them.
  const press = (event) => {
    if (!root.contains(event.target)) return;
    event.stopPropagation();
    const chosen = event.key === "Enter" || event.key === " ";
    if (chosen && picture.contains(event.target) && pick(event)) event.preventDefault();
  };
  window.addEventListener("keydown", press, { capture: true });

  model.on("change:settings", showSettings);
  model.on("change:frame", showFrame);
  showSettings();
  showFrame();
  return () => {
    resized.disconnect();
    window.removeEventListener("keydown", press, { capture: true });
    model.off("change:settings", showSettings);
    model.off("change:frame", showFrame);
  };
}

export default { render };
