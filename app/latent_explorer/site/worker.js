// Runs a model in the visitor's browser, off the page's own thread: onnxruntime-web over the graphs of the site.

import { half } from "./atlas.js";
import { Answers } from "./answers.js";
import { expects, moduleOf, opened, programOf, sizes, told } from "./loading.js";

/**
 * @typedef {import("onnxruntime-web")} Runtime
 * @typedef {import("onnxruntime-web").InferenceSession} Session
 * @typedef {import("./answers.js").Means} Means
 * @typedef {import("./priors.js").Parameters} Parameters
 * @typedef {import("../components/shared/envelope.js").Numbers} Numbers
 */

/** @type {Record<string, string>} */
let folders = {};
/** @type {Promise<Runtime> | null} */
let runtime = null;
/** @type {Map<string, Promise<Answers>>} */
const models = new Map();
let last = Promise.resolve();

/** @type {Map<string, number>} how much has come of each file that is waited for */
const shares = new Map();

/**
 * Takes in how much of a file has come, and tells how much of all that is waited for.
 * @param {string} name
 * @returns {import("./loading.js").OnShare}
 */
function coming(name) {
  shares.set(name, 0);
  return (share) => {
    shares.set(name, share);
    const [all, had] = [...shares].reduce(
      ([sum, part], [file, come]) => [sum + (sizes[file] ?? 0), part + come * (sizes[file] ?? 0)],
      [0, 0],
    );
    postMessage({ loaded: had / all });
  };
}

/** @returns {Promise<Runtime>} */
async function loaded() {
  const program = "runtime/wasm.bin";
  const [module, wasm] = await Promise.all([moduleOf("runtime/ort.js"), programOf(program, coming(program))]);
  module.env.wasm.numThreads = 1; // more need headers that a host of files does not send
  module.env.wasm.proxy = false;
  module.env.wasm.wasmBinary = wasm.buffer;
  return module;
}

/**
 * What answers for a model, loaded once.
 * @param {string} name
 * @returns {Promise<Answers>}
 */
function model(name) {
  const there = models.get(name);
  if (there) return there;
  if (!(name in folders)) throw new Error(`no model of this site is called ${name}`);
  const made = open(`models/${folders[name]}/`);
  models.set(name, made);
  made.catch(() => models.delete(name)); // the next one who asks tries again
  return made;
}

/** @param {string} folder */
async function open(folder) {
  runtime ??= loaded();
  runtime.catch(() => (runtime = null));
  const [page, draw, ort] = await Promise.all([
    told(`${folder}page.json`),
    graphsIn(`${folder}draw.bin`, coming(`${folder}draw.bin`)),
    runtime,
  ]);
  /** @type {Map<string, Promise<Session>>} */
  const sessions = new Map();
  /** @type {(graph: string) => Promise<Uint8Array>} */
  const graphOf = async (graph) =>
    draw.graphs[graph] ?? (await graphsIn(`${folder}encode.bin`)).graphs[graph];
  /** @type {(graph: string) => Promise<Session>} */
  const session = (graph) => {
    const there = sessions.get(graph) ?? graphOf(graph).then((bytes) => started(ort, bytes));
    sessions.set(graph, there);
    there.catch(() => sessions.delete(graph));
    return there;
  };
  /** @type {Map<number, ReturnType<Means["encodings"]>>} */
  const encodings = new Map();
  await session("decode");
  return new Answers(page.model, {
    tables: draw.tables,
    grid: page.grid,
    run: async (graph, inputs) => {
      const feeds = Object.entries(inputs).map(([name, { dims, data }]) => [
        name,
        new ort.Tensor("float32", data, dims),
      ]);
      const found = await (await session(graph)).run(Object.fromEntries(feeds));
      return /** @type {any} */ (found);
    },
    encodings: (point) => {
      const there = encodings.get(point) ?? encodingsIn(`${folder}codes-${point}.bin`);
      encodings.set(point, there);
      there.catch(() => encodings.delete(point));
      return there;
    },
  });
}

/**
 * @param {Runtime} ort
 * @param {Uint8Array} graph
 * @returns {Promise<Session>}
 */
async function started(ort, graph) {
  try {
    return await ort.InferenceSession.create(graph);
  } catch (error) {
    throw new Error(`this browser could not start it (${error instanceof Error ? error.message : error})`);
  }
}

/** @param {Numbers} words of single precision */
const singles = (words) => new Float32Array(words.buffer, words.byteOffset, words.length);

/**
 * @param {string} name
 * @param {import("./loading.js").OnShare} [onShare]
 */
async function graphsIn(name, onShare) {
  /** @type {{header: {graphs: string[], tables: Record<string, number[]>}, arrays: Numbers[]}} */
  const { header, arrays } = await opened(name, onShare);
  const graphs = Object.fromEntries(
    header.graphs.map((graph, at) => [graph, /** @type {Uint8Array} */ (arrays[at])]),
  );
  /** @type {Parameters} */
  const tables = {};
  Object.entries(header.tables).forEach(([table, shape], at) => {
    const data = singles(arrays[header.graphs.length + at]);
    tables[table] = { width: data.length / shape[0], data };
  });
  return { graphs, tables };
}

/**
 * @param {string} name
 * @returns {ReturnType<Means["encodings"]>}
 */
async function encodingsIn(name) {
  /** @type {{header: {codes: Record<string, {width: number, form: "half" | "single"}>}, arrays: Numbers[]}} */
  const { header, arrays } = await opened(name);
  const [labels, ...stored] = arrays;
  const codes = Object.entries(header.codes).map(([latent, { width, form }], at) => {
    const values = form === "half" ? Float32Array.from(stored[at], half) : singles(stored[at]);
    return [latent, { width, values, low: null, step: null }];
  });
  return { codes: Object.fromEntries(codes), labels };
}

/** @param {{id: number, request: import("../components/shared/decoder.js").Request}} message */
async function answer({ id, request }) {
  try {
    const found = await (await model(request.model)).answer(request);
    const pixels = Uint8Array.from(found.pixels);
    postMessage({ id, answer: { ...found, pixels } }, { transfer: [pixels.buffer] });
  } catch (error) {
    postMessage({ id, answer: { error: error instanceof Error ? error.message : String(error) } });
  }
}

/** @param {MessageEvent<import("./decoding.js").ToWorker>} event */
onmessage = ({ data }) => {
  if ("root" in data) {
    folders = data.folders;
    expects(data.sizes);
    model(data.first).then(
      () => postMessage({ ready: true }),
      (error) => postMessage({ failed: error instanceof Error ? error.message : String(error) }),
    );
    return;
  }
  last = last.then(() => answer(data)); // one after the other: a session runs once at a time
};
