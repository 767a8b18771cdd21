// The page's decoder: a worker that runs the model, and pictures that were decoded beforehand until it does.

import { ROOT, sizes } from "./loading.js";

/**
 * @typedef {import("../components/shared/decoder.js").Decoded} Decoded
 * @typedef {import("../components/shared/decoder.js").Decoder} Decoder
 * @typedef {import("../components/shared/decoder.js").Refusal} Refusal
 * @typedef {import("../components/shared/decoder.js").Request} Request
 * @typedef {import("./film.js").Film} Film
 * @typedef {(answer: Decoded | Refusal) => void} OnAnswer
 * @typedef {{id: number, answer: Decoded | Refusal} | {ready: true} | {loaded: number} | {failed: string}} FromWorker
 * @typedef {{id: number, request: Request} | {folders: Record<string, string>, first: string, sizes: Record<string, number>, root: string}} ToWorker
 */

const IN_FLIGHT = 2;

/** What an address without WebAssembly or workers is told. */
export const STILLS = "The pictures here were decoded beforehand, and only the first handles move them.";

// A program that puts a byte into all lanes of a vector: what the runtime needs of a browser.
const VECTORS = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123],
  ...[3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);

/** Why this browser runs no model; nothing where it can. */
function lacking() {
  if (typeof WebAssembly !== "object") return "this browser has no WebAssembly";
  if (!WebAssembly.validate(VECTORS)) return "the WebAssembly of this browser has no vectors (SIMD)";
  return typeof Worker === "function" ? "" : "this browser has no workers";
}

/** What one is told who asks for a picture where there is no model; the page says why above. */
export const NONE = "Without the model there is no picture of this.";

/** @implements {Decoder} */
export class SiteDecoder {
  online = true; // it always answers: from the film, by the model, or by why there is none
  /** @type {"loading" | "ready" | "failed"} */
  state = "loading";
  why = "";
  /** How much of what the model takes has come, from 0 to 1. */
  loaded = 0;
  /** @type {Film | null} */
  film = null;

  /** @type {Map<string, [Request, OnAnswer]>} by channel, the oldest first */
  #waiting = new Map();
  /** @type {Map<number, OnAnswer>} by number */
  #flying = new Map();
  /** @type {Set<() => void>} */
  #watchers = new Set();
  /** @type {Worker | null} */
  #worker = null;
  #number = 0;

  #started = false;

  /**
   * @param {Record<string, string>} folders of the models, by name
   * @param {string | undefined} first the model that is loaded first; none where nothing here can be decoded
   */
  constructor(folders, first) {
    this.folders = folders;
    this.first = first;
    const why = lacking();
    if (why) this.#fail(why);
  }

  /** Load the model: what the film does not answer asks for it, and the page once its first sight is there. */
  start() {
    const { folders, first } = this;
    if (this.#started || this.state === "failed" || first === undefined) return;
    this.#started = true;
    try {
      this.#worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    } catch {
      this.#fail("this browser starts no worker here");
      return;
    }
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(
        "the part that runs it could not be loaded: open the page in a current browser, or copy the published folder to this host again",
      );
    };
    this.#post({ folders, first, sizes, root: ROOT.href });
  }

  /** Whether the model itself answers. */
  get isReady() {
    return this.state === "ready";
  }

  /**
   * @param {string} channel
   * @param {Request} request
   * @param {OnAnswer} onAnswer
   */
  ask(channel, request, onAnswer) {
    if (!this.isReady) {
      const filmed = this.film?.answer(request);
      this.#waiting.delete(channel);
      if (filmed || this.state === "failed") return queueMicrotask(() => onAnswer(filmed ?? { error: NONE }));
    }
    this.#waiting.delete(channel);
    this.#waiting.set(channel, [request, onAnswer]);
    this.start();
    this.#send();
  }

  /**
   * The answer of the model itself, once it is there; what is asked so is never overtaken. Raises an Error where there is none.
   * @param {Request} request
   * @returns {Promise<Decoded>}
   */
  answer(request) {
    return new Promise((done, failed) => {
      this.ask(`once-${++this.#number}`, request, (answer) =>
        "error" in answer ? failed(new Error(answer.error)) : done(answer),
      );
    });
  }

  /** @param {string} channel */
  withdraw(channel) {
    this.#waiting.delete(channel);
  }

  /**
   * Call back when the model is there, or cannot be.
   * @param {(online: boolean) => void} callback
   */
  watch(callback) {
    const told = () => callback(this.online);
    this.#watchers.add(told);
    return () => void this.#watchers.delete(told);
  }

  /** @param {ToWorker} message */
  #post(message) {
    this.#worker?.postMessage(message);
  }

  #send() {
    for (const [channel, [request, onAnswer]] of this.#waiting) {
      if (!this.isReady || this.#flying.size >= IN_FLIGHT) return;
      this.#waiting.delete(channel);
      const id = ++this.#number;
      this.#flying.set(id, onAnswer);
      this.#post({ id, request });
    }
  }

  /** @param {FromWorker} message */
  #receive(message) {
    if ("failed" in message) return this.#fail(message.failed);
    if ("loaded" in message) {
      this.loaded = message.loaded;
      return this.#tell();
    }
    if ("ready" in message) {
      this.state = "ready";
      this.#tell();
      return this.#send();
    }
    const onAnswer = this.#flying.get(message.id);
    this.#flying.delete(message.id);
    this.#send();
    onAnswer?.(message.answer);
  }

  /** @param {string} why */
  #fail(why) {
    this.state = "failed";
    this.why = why;
    this.#worker?.terminate();
    this.#worker = null;
    const left = [...this.#waiting.values()].map(([, onAnswer]) => onAnswer);
    left.push(...this.#flying.values());
    this.#waiting.clear();
    this.#flying.clear();
    left.forEach((onAnswer) => onAnswer({ error: NONE }));
    this.#tell();
  }

  #tell() {
    this.#watchers.forEach((told) => told());
  }
}
