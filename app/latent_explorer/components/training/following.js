// Following a run: asks the server where it stands and for the frames that came, again and again.

import { addressOf } from "../shared/base.js";
import { unpack } from "../shared/envelope.js";
import { Frames } from "./frames.js";
import { isLive } from "./says.js";

/** @typedef {import("./frames.js").Header} Header */

/**
 * Where a run stands, as `vae_core.runs.Status` says it.
 * @typedef {import("./says.js").Status & {
 *   values?: Record<string, number | Record<string, number>>,
 *   limits?: Record<string, [number, number]>,
 *   changes?: {step: number, epoch: number, name: string, before: any, after: any}[],
 *   snapshots?: [number, number][],
 *   saved?: number,
 *   answers?: [string, string][],
 * }} Status
 */

/** @typedef {{doing?: string, line?: string, done?: string[], failed?: string, cancelled?: boolean}} Then */

/** @typedef {{step: number, parts?: Record<string, number>, gradients?: Record<string, number>, rows?: number[], codes?: Record<string, number[][]>, pictures?: string}} Detail */

/**
 * @typedef {object} News
 * @property {Status} status
 * @property {Then} then
 * @property {number} of the start of the frames that follow
 * @property {Header} [header] where it is another than the page knows
 * @property {boolean} [more] whether there are more frames than came
 * @property {[number, number][]} [validation] epoch and loss
 * @property {Detail | null} [detail]
 */

const SOON_MS = 180; // while it trains
const LATER_MS = 2000; // while it does not, or nobody looks

export class Following {
  /** @type {Header | null} */
  header = null;
  /** @type {Frames | null} */
  frames = null;
  /** @type {number[]} of each frame */
  steps = [];
  /** @type {Status} */
  status = { state: "" };
  /** @type {Then} */
  then = {};
  /** @type {[number, number][]} */
  validation = [];
  /** @type {Detail | null} */
  detail = null;
  trouble = "";
  #timer = 0;
  #ended = false;

  /**
   * @param {string} route
   * @param {string} run
   * @param {() => void} onNews
   */
  constructor(route, run, onNews) {
    this.address = addressOf(`${route}/${encodeURIComponent(run)}`);
    this.run = run;
    this.onNews = onNews;
    void this.#ask();
  }

  async #ask() {
    clearTimeout(this.#timer);
    const start = this.header?.start ?? -1;
    const after = this.steps.length ? this.steps[this.steps.length - 1] : -1;
    let soon = false;
    try {
      const answer = await fetch(`${this.address}/now?after=${after}&start=${start}`);
      if (!answer.ok) throw new Error(await answer.text());
      const bytes = new Uint8Array(await answer.arrayBuffer());
      if (this.#ended) return;
      soon = this.#take(bytes);
      this.trouble = "";
    } catch (error) {
      if (this.#ended) return;
      const { message } = /** @type {Error} */ (error);
      this.trouble = error instanceof TypeError ? "The server does not answer: asking again." : message;
    }
    this.onNews();
    const wait = soon ? 0 : isLive(this.status.state) && !document.hidden ? SOON_MS : LATER_MS;
    this.#timer = window.setTimeout(() => void this.#ask(), wait);
  }

  /** Ask now, since something was asked of the run. */
  soon() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#ask(), 60);
  }

  /**
   * @param {Uint8Array} bytes
   * @returns whether more frames are waiting
   */
  #take(bytes) {
    /** @type {{header: News, arrays: ArrayLike<number>[]}} */
    const { header: news, arrays } = /** @type {any} */ (unpack(bytes));
    this.status = news.status;
    this.then = news.then;
    this.validation = news.validation ?? [];
    this.detail = news.detail ?? null;
    if (news.header) {
      this.header = news.header;
      this.frames = new Frames(news.header);
      this.steps = [];
    }
    const { frames } = this;
    if (!frames) return false;
    const before = frames.count;
    frames.add(/** @type {Uint8Array} */ (arrays[0]));
    for (let i = before; i < frames.count; i++) this.steps.push(frames.value("step", i));
    return Boolean(news.more) && frames.count > before;
  }

  /**
   * Ask something of the run; a sentence where it was refused.
   * @param {string} what `steer` or `fork`
   * @param {object} order
   * @returns {Promise<{refused: string, run?: string, order?: string}>}
   */
  async order(what, order) {
    try {
      const answer = await fetch(`${this.address}/${what}`, { method: "POST", body: JSON.stringify(order) });
      if (!answer.ok) return { refused: await answer.text() };
      return { refused: "", ...(await answer.json()) };
    } catch {
      return { refused: "The server does not answer: nothing was asked." };
    } finally {
      this.soon();
    }
  }

  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}
