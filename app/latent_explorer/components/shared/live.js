// The live route: one connection for the page, through which whichever component asks for decoded images.

import { addressOf } from "./base.js";
import { unpack } from "./envelope.js";
import { LIVE_ROUTE } from "./protocol.js";

/**
 * @typedef {import("./decoder.js").Decoded} Decoded
 * @typedef {import("./decoder.js").Decoder} Decoder
 * @typedef {import("./decoder.js").Refusal} Refusal
 * @typedef {import("./decoder.js").Request} Request
 * @typedef {import("./protocol.js").AnswerHeader} AnswerHeader
 * @typedef {(answer: Decoded | Refusal) => void} OnAnswer
 */

const IN_FLIGHT = 2; // one request that is answered and one on its way, whatever the distance
const WHEN_BUSY = 1; // a second would only wait behind the first, and both behind those of others
const RECONNECT_MS = [250, 500, 1000, 2000, 5000];
const IDLE = 4408; // the server's code for a connection over which nothing was asked for long

/** @implements {Decoder} */
export class LiveRoute {
  online = false;

  /** @type {Map<string, [Request, OnAnswer]>} by channel, the oldest first */
  #waiting = new Map();
  /** @type {Map<number, [string, Request, OnAnswer]>} by number */
  #flying = new Map();
  /** @type {Set<(online: boolean) => void>} */
  #watchers = new Set();
  /** @type {WebSocket | null} */
  #socket = null;
  #isAsleep = false;
  #number = 0;
  #most = IN_FLIGHT;
  #isPausing = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failures = 0;

  constructor() {
    this.#connect();
  }

  /**
   * @param {string} channel
   * @param {Request} request
   * @param {OnAnswer} onAnswer
   */
  ask(channel, request, onAnswer) {
    this.#waiting.delete(channel);
    this.#waiting.set(channel, [request, onAnswer]);
    if (this.#isAsleep) this.#connect();
    this.#send();
  }

  /** @param {string} channel */
  withdraw(channel) {
    this.#waiting.delete(channel);
  }

  /** @param {(online: boolean) => void} callback */
  watch(callback) {
    this.#watchers.add(callback);
    return () => void this.#watchers.delete(callback);
  }

  #connect() {
    this.#isAsleep = false;
    const socket = new WebSocket(addressOf(LIVE_ROUTE).replace(/^http/, "ws"));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#failures = 0;
      this.#socket = socket;
      this.#set(true);
      this.#send();
    };
    socket.onmessage = ({ data }) => this.#receive(new Uint8Array(data));
    socket.onclose = ({ code }) => {
      this.#socket = null;
      if (code === IDLE && !this.#flying.size && !this.#waiting.size) {
        this.#isAsleep = true; // nobody needs to hear of it: the next request opens another
        return;
      }
      // What was on its way is asked again, unless something newer waits on its channel.
      for (const [channel, request, onAnswer] of this.#flying.values()) {
        if (!this.#waiting.has(channel)) this.#waiting.set(channel, [request, onAnswer]);
      }
      this.#flying.clear();
      this.#set(false);
      setTimeout(() => this.#connect(), RECONNECT_MS[Math.min(this.#failures++, RECONNECT_MS.length - 1)]);
    };
  }

  /** @param {boolean} online */
  #set(online) {
    if (online === this.online) return;
    this.online = online;
    this.#watchers.forEach((callback) => callback(online));
  }

  #send() {
    for (const [channel, [request, onAnswer]] of this.#waiting) {
      if (!this.#socket || this.#isPausing || this.#flying.size >= this.#most) return;
      this.#waiting.delete(channel);
      const id = ++this.#number;
      this.#flying.set(id, [channel, request, onAnswer]);
      this.#socket.send(JSON.stringify({ ...request, id }));
    }
  }

  /** @param {Uint8Array} bytes */
  #receive(bytes) {
    /** @type {{header: AnswerHeader, arrays: ArrayLike<number>[]}} */
    const { header, arrays } = unpack(bytes);
    // The number of a request that could not be read is lost: it was the oldest.
    const id = this.#flying.has(header.id) ? header.id : [...this.#flying.keys()][0];
    const onAnswer = this.#flying.get(id)?.[2];
    this.#flying.delete(id);
    this.#most = header.pause ? WHEN_BUSY : IN_FLIGHT;
    this.#rest(header.pause ?? 0);
    this.#send();
    const { shape, codes, classes, error } = header;
    if (shape && codes) onAnswer?.({ shape, codes, classes, pixels: arrays[0] });
    else onAnswer?.({ error: error ?? "the answer holds no image" });
  }

  /**
   * While the server has much to do, ask for nothing for so many milliseconds: what is sent then is the newest, where it would have grown old in
   * the server's line.
   * @param {number} pause
   */
  #rest(pause) {
    clearTimeout(this.#timer);
    this.#isPausing = pause > 0;
    if (!this.#isPausing) return;
    this.#timer = setTimeout(() => {
      this.#isPausing = false;
      this.#send();
    }, pause);
  }
}
