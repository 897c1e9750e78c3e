// The page's kernel: Python with NumPy and the course, in a worker. Answers one message after the other.
// ?runtime=ADDRESS says where manifest.json and its files are.

const base = new URL(new URLSearchParams(location.search).get("runtime"), location.href).href;
const network = self.fetch.bind(self);
const CACHE = "recdrop-runtime";

let manifest;
let extras = {};  // what only some pages need, in a list of its own
const arrived = {};  // bytes by file, for the progress bar

function report(file, bytes) {
  arrived[file] = (arrived[file] ?? 0) + bytes;
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const all = sum([...Object.values(manifest), ...Object.values(extras)].map((entry) => entry.bytes));
  postMessage({ progress: { bytes: sum(Object.values(arrived)), of: all } });
}

// Kept under its digest for all pages of the site, where the browser lets a page keep anything.
async function stored() {
  try {
    return await caches.open(CACHE);
  } catch {
    return null;
  }
}

// One file of the manifest as a Response, unpacked while it arrives.
async function unpacked(name, type = "application/octet-stream") {
  const { file } = manifest[name] ?? extras[name];
  const address = new URL(file, base).href;
  const cache = await stored();
  let response = await cache?.match(address);
  if (!response) {
    response = await network(address);
    if (!response.ok) throw new Error(`${address} answered ${response.status}`);
    cache?.put(address, response.clone()).catch(() => {});  // a full disk is no reason to stop
  }
  const count = new TransformStream({
    transform(chunk, out) {
      report(file, chunk.byteLength);
      out.enqueue(chunk);
    },
  });
  const body = response.body.pipeThrough(count).pipeThrough(new DecompressionStream("gzip"));
  return new Response(body, { headers: { "Content-Type": type } });
}

// Files of an older build are not asked for again.
async function forgetOthers() {
  const cache = await stored();
  const rare = await list("extras.json").catch(() => ({}));
  const wanted = new Set([...Object.values(manifest), ...Object.values(rare)].map(({ file }) => new URL(file, base).href));
  for (const request of (await cache?.keys()) ?? []) if (!wanted.has(request.url)) await cache.delete(request);
}

async function run(script) {
  const address = URL.createObjectURL(await (await script).blob());
  importScripts(address);
  URL.revokeObjectURL(address);
}

const list = async (name) => (await network(new URL(name, base), { cache: "no-cache" })).json();

const listed = list("manifest.json").then((files) => (manifest = files));

async function start() {
  await listed;
  const files = {  // all at once; Pyodide asks for three of them by name
    "pyodide.asm.wasm": unpacked("pyodide.asm.wasm", "application/wasm"),
    "stdlib.zip": unpacked("stdlib.zip"),
    "lock.json": unpacked("lock.json"),
  };
  const packages = ["numpy.zip", "course.zip"].map(async (name) => (await unpacked(name)).arrayBuffer());
  self.fetch = (address, options) => files[String(address.url ?? address).split("/").pop()] ?? network(address, options);
  await Promise.all([run(unpacked("pyodide.js")), run(unpacked("pyodide.asm.js"))]);
  const python = await loadPyodide({
    indexURL: base, lockFileURL: `${base}lock.json`, stdLibURL: `${base}stdlib.zip`,
    env: { HOME: "/home/pyodide", RECDROP_FOLDER: "/home/pyodide" },
  });
  const [numpy, course] = await Promise.all(packages);
  python.unpackArchive(numpy, "zip", { extractDir: "/lib/python3.12/site-packages" });
  python.unpackArchive(course, "zip", { extractDir: "/lib/python3.12/site-packages" });
  forgetOthers();
  return python;
}

const started = start();

// An archive of extras.json, fetched and unpacked once; it is fetched while Python starts.
const added = {};
const add = (name) => (added[name] ??= unpackExtra(name));
async function unpackExtra(name) {
  const [{ [name]: wanted }] = await Promise.all([list("extras.json"), listed]);
  extras = { ...extras, [name]: wanted };
  const [python, archive] = await Promise.all([started, unpacked(name).then((response) => response.arrayBuffer())]);
  python.unpackArchive(archive, "zip", { extractDir: "/lib/python3.12/site-packages" });
}

// A message names a function of page_kernel.py and its arguments; texts go in and one text comes out, as JSON.
onmessage = async ({ data: { id, call, args, needs } }) => {
  try {
    if (needs) await add(needs);
    const kernel = (await started).pyimport("page_kernel");
    postMessage({ id, began: true });
    postMessage({ id, reply: JSON.parse(kernel[call](...args)) });
  } catch (error) {
    postMessage({ id, error: String(error.message ?? error).trim().split("\n").pop() });
  }
};
