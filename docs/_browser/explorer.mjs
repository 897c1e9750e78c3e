// An explorer on a page: its stored picture at once; Python when a control is moved.

import { element } from "./element.mjs";
import view from "./view.js";
import { isFetched, kernel } from "./kernel.mjs";
import { progressText } from "./progress.mjs";

// What view.js knows of a widget's model: values by name, and who wants to hear of a change.
class Model {
  #heard = {};
  #asking = false;
  #again = false;

  constructor(values, draw) {
    this.values = values;
    this.draw = draw;
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    this.values[name] = value;
  }

  on(event, listener) {
    (this.#heard[event] ??= new Set()).add(listener);
  }

  off(event, listener) {
    this.#heard[event]?.delete(listener);
  }

  // While one frame is drawn, only the latest settings wait: frames are dropped, not queued.
  async save_changes() {
    this.#again = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    do {
      this.#again = false;
      const answer = await this.draw(this.values.settings);
      if (answer) this.show(answer, this.#again);
    } while (this.#again);
    this.#asking = false;
  }

  show({ settings, frame }, ahead) {
    this.values.frame = frame;
    if (!ahead) this.values.settings = settings;
    for (const event of ["change:settings", "change:frame"]) this.#heard[event]?.forEach((listener) => listener());
  }
}

// ?p=0.3&row=gal as settings, each read as its control's kind; what is no setting of this explorer is left.
function asked(controls, search) {
  const read = {
    slider: Number,
    again: Number,
    toggle: (text) => text === "true",
    choice: String,
  };
  const given = new URLSearchParams(search);
  return Object.fromEntries(
    controls.filter(({ name }) => given.has(name)).map(({ kind, name }) => [name, read[kind](given.get(name))]),
  );
}

function link(place, settings) {
  const address = new URL(place.dataset.page, location.href);
  address.search = new URLSearchParams(settings);
  return address;
}

function mount(place) {
  const name = place.dataset.explorer;
  const values = JSON.parse(place.querySelector("script").textContent);
  values.frame.picture = place.querySelector(".recdrop-stored").innerHTML;
  const defaults = values.settings;
  const start = element("button", { type: "button" }, "Start Python");
  const bar = element("progress", { "aria-label": "Loading Python", hidden: "" });
  const said = element("span", { role: "status" });
  const copy = element("button", { type: "button" }, "Copy link");
  const row = element("div", { class: "recdrop-live-row", tabindex: "-1" }, start, bar, said, copy);
  const own = place.dataset.own === "true";
  if (!own) row.append(element("a", { href: place.dataset.page }, "Open on its own page"));

  const model = new Model(values, async (settings) => {
    const first = !kernel.running || place.dataset.state !== "live";
    if (first) loading();
    try {
      if (name === "board") await kernel.ask("keep_progress", [progressText()]);
      const answer = await kernel.ask("change", [name, JSON.stringify(settings)]);
      place.dataset.state = "live";
      for (const hidden of [start, bar]) hidden.hidden = true;
      if (first) said.textContent = "Live.";
      if (own) history.replaceState(null, "", `?${new URLSearchParams(answer.settings)}`);
      return answer;
    } catch (error) {
      const began = place.dataset.state === "live";
      kernel.stop();
      place.dataset.state = "stored";
      bar.hidden = true;
      start.hidden = false;
      const what = began ? "This could not be drawn" : "Python did not start";
      said.textContent = `${what}, and the last picture stays: ${error.message}`;
      return null;
    }
  });
  const loading = () => {
    place.dataset.state = "loading";
    const pressed = document.activeElement === start;
    start.hidden = true;
    if (pressed) row.focus({ preventScroll: true }); // the button that had it is gone: go on from its row
    bar.hidden = false;
    said.textContent = "Loading Python …";
  };
  kernel.listen(({ bytes, of }) => {
    bar.max = of;
    bar.value = bytes;
    const [now, all] = [bytes, of].map((number) => (number / 1e6).toFixed(1));
    if (place.dataset.state === "loading") said.textContent = bytes < of ? `${now} of ${all} MB` : "Starting Python …";
  });

  start.addEventListener("click", () => model.save_changes());
  copy.addEventListener("click", async () => {
    const address = link(place, model.get("settings")).href;
    try {
      await navigator.clipboard.writeText(address);
      said.textContent = "The link to these settings is copied.";
    } catch {
      said.replaceChildren("The link to these settings: ", element("a", { href: address }, address));
    }
  });

  // Links to settings of this explorer, below it, change it where it stands.
  for (const other of document.querySelectorAll(`.recdrop-tries a`)) {
    other.addEventListener("click", (event) => {
      const address = new URL(other.href);
      if (address.pathname !== new URL(place.dataset.page, location.href).pathname || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      model.set("settings", { ...defaults, ...asked(values.controls, address.search) });
      model.save_changes();
      place.scrollIntoView({ block: "nearest" });
    });
  }

  const host = element("div");
  place.replaceChildren(row, host);
  place.dataset.state = "stored";
  view.render({ model, el: host });

  const wanted = own ? asked(values.controls, location.search) : {};
  if (Object.keys(wanted).length) {
    model.set("settings", { ...values.settings, ...wanted });
    model.save_changes();
    return;
  }
  // Scrolled to, it starts by itself where nothing must be fetched for it.
  const seen = new IntersectionObserver(async (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    if (place.dataset.state === "stored" && (await isFetched())) model.save_changes();
    else if (place.dataset.state === "stored") said.textContent = place.dataset.size;
  });
  seen.observe(place);
}

document.querySelectorAll(".recdrop-live").forEach(mount);
