// node precompile.cjs HOME LEVEL: compiles each .py under HOME/sources, by the Python in HOME/pyodide, beside it.
const [home, level] = process.argv.slice(2);
const { loadPyodide } = require(`${home}/pyodide/pyodide.js`);

const COMPILE = `
import pathlib, py_compile
HASH = py_compile.PycInvalidationMode.UNCHECKED_HASH
for path in sorted(pathlib.Path("/sources").rglob("*.py")):
    name = str(path.relative_to("/sources"))  # what a traceback says
    py_compile.compile(str(path), str(path) + "c", dfile=name, doraise=True, optimize=LEVEL, invalidation_mode=HASH)
`;

(async () => {
  const python = await loadPyodide({ indexURL: `${home}/pyodide/` });
  python.FS.mkdirTree("/sources");
  python.FS.mount(python.FS.filesystems.NODEFS, { root: `${home}/sources` }, "/sources");
  python.runPython(COMPILE.replace("LEVEL", level));
})().catch((error) => {
  console.error(String(error.message ?? error));
  process.exit(1);
});
