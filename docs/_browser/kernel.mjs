// The page's side of worker.js: one kernel a page, started when first asked.

const here = new URL(".", import.meta.url);

export class Kernel {
  #worker = null;
  #waiting = new Map();
  #count = 0;
  #listeners = new Set();

  get running() {
    return this.#worker !== null;
  }

  // Hear how much of the runtime has arrived, { bytes, of }.
  listen(listener) {
    this.#listeners.add(listener);
  }

  // Call a function of page_kernel.py with texts. Rejects with a sentence where it fails, is stopped, or has
  // run for more than `limit` seconds: waiting for Python to start does not count. `needs` names an archive of
  // extras.json.
  ask(call, args, limit = Infinity, needs = "") {
    if (!this.#worker) this.#start();
    return new Promise((resolve, reject) => {
      this.#waiting.set(++this.#count, { resolve, reject, limit });
      this.#worker.postMessage({ id: this.#count, call, args, needs });
    });
  }

  // Start Python, if it does not run yet, and wait for it.
  ready() {
    return this.ask("ready", []);
  }

  // End what runs, whatever it is; the next question starts a new one.
  stop(reason = "It was stopped.") {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }

  #watch(id, limit) {
    if (limit === Infinity) return;
    const late = () => this.#waiting.has(id) && this.stop(`It ran for more than ${limit} seconds and was stopped.`);
    setTimeout(late, 1000 * limit);
  }

  #start() {
    const address = new URL("worker.js", here);
    address.searchParams.set("runtime", new URL("../../runtime/", here));
    this.#worker = new Worker(address);
    this.#worker.onmessage = ({ data }) => {
      if (data.progress) return this.#listeners.forEach((listener) => listener(data.progress));
      const { resolve, reject, limit } = this.#waiting.get(data.id);
      if (data.began) return this.#watch(data.id, limit);
      this.#waiting.delete(data.id);
      if (data.error === undefined) resolve(data.reply);
      else reject(new Error(data.error));
    };
    this.#worker.onerror = (event) => this.stop(event.message || "The worker did not start.");
  }
}

export const kernel = new Kernel();

// Whether an earlier page has fetched the runtime.
export async function isFetched() {
  try {
    return (await (await caches.open("recdrop-runtime")).keys()).length > 0;
  } catch {
    return false;
  }
}
