// What steers a training: buttons, and a slider for each number that can be changed while it trains.

import { element } from "../shared/elements.js";
import { PLACES, placeAt, scaleOf, valueAt } from "./sliding.js";
import { isLive } from "./says.js";

/** @typedef {import("./following.js").Status} Status */

/**
 * @typedef {(do_: string, name?: string, value?: number | Record<string, number>) => void} Order
 */

/** A number that can be changed: a slider and a field to type in. */
class Steered {
  #slider = element("input", { type: "range", min: 0, max: PLACES, step: 1 });
  #field = element("input", { type: "number", step: "any", class: "typed" });
  #held = 0; // until when the status does not move it: it was just set
  #typing = false; // whether something is typed that was not sent yet

  /**
   * @param {string} label
   * @param {number} value
   * @param {[number, number]} limits
   * @param {(value: number) => void} set
   */
  constructor(label, value, [low, high], set) {
    this.scale = scaleOf(value);
    this.#slider.setAttribute("aria-label", label);
    this.#field.setAttribute("aria-label", label);
    this.root = element("label", { class: "number" }, element("span", {}, label), this.#slider, this.#field);
    const bounded = (/** @type {number} */ each) => Math.min(high, Math.max(low, each));
    this.#slider.oninput = () => {
      this.#field.value = String(bounded(valueAt(this.scale, Number(this.#slider.value))));
      this.#held = Date.now() + 1500;
    };
    this.#field.oninput = () => {
      this.#typing = true;
    };
    const leave = () => {
      this.#typing = false;
      const given = Number(this.#field.value);
      if (!this.#field.value.trim() || !Number.isFinite(given)) return;
      this.#held = Date.now() + 1500;
      this.#slider.value = String(placeAt(this.scale, given));
      set(given);
    };
    this.#slider.onchange = leave;
    this.#field.onchange = leave;
    this.show(value, true);
  }

  /**
   * @param {number} value
   * @param {boolean} may whether it can be changed now
   */
  show(value, may) {
    this.#slider.disabled = this.#field.disabled = !may;
    if (Date.now() < this.#held || (this.#typing && this.#field.matches(":focus"))) return;
    this.#slider.value = String(placeAt(this.scale, value));
    this.#field.value = String(Number(value.toPrecision(4)));
  }
}

const FIRST = "beta"; // what is changed most

/**
 * The numbers of a status one by one: `beta` of two blocks is two.
 * @param {Record<string, number | Record<string, number>>} values
 * @returns {{name: string, block: string, value: number, label: string}[]}
 */
export function flat(values) {
  const order = Object.entries(values).sort(([a], [b]) => Number(b === FIRST) - Number(a === FIRST));
  return order.flatMap(([name, value]) => {
    const label = name === "beta" ? "β" : name.replaceAll("_", " ");
    return typeof value === "number"
      ? [{ name, block: "", value, label }]
      : Object.entries(value).map(([block, each]) => ({
          name,
          block,
          value: each,
          label: `${label}(${block})`,
        }));
  });
}

export class Steering {
  /** @type {Map<string, Steered>} */
  #numbers = new Map();
  #shown = "";
  /** @type {Record<string, HTMLButtonElement>} */
  #buttons;
  buttons = element("span", { class: "buttons" });
  numbers = element("div", { class: "numbers" });
  /** @type {Status} */
  #status = { state: "" };

  /**
   * @param {Order} order
   * @param {() => void} onFork
   */
  constructor(order, onFork) {
    this.order = order;
    const button = (
      /** @type {string} */ text,
      /** @type {string} */ title,
      /** @type {() => void} */ act,
    ) => {
      const node = element("button", { type: "button", title }, text);
      node.onclick = act;
      this.buttons.append(node);
      return node;
    };
    this.#buttons = {
      pause: button("Pause", "Holds after the present batch", () => order("pause")),
      go: button("Go on", "Trains on from here", () => order("go")),
      step: button("One step", "One batch, and its loss, codes and gradients", () => order("step")),
      stop: button("Stop", "Ends; the last whole epoch is kept", () => order("stop")),
      resume: button("Go on", "Trains on from its last epoch", () => order("resume")),
      leave: button("Leave the queue", "It will not begin", () => order("leave")),
      fork: button("What if …", "A new run from the step that is shown, with something changed", onFork),
      follow: button("Map and measure", "Makes its atlas, then evaluates it", () => order("follow")),
      cancel: button("Cancel", "Ends what follows the training", () => order("cancel")),
    };
  }

  /**
   * @param {Status} status
   * @param {import("./following.js").Then} then
   * @param {boolean} may
   */
  show(status, then, may) {
    this.#status = status;
    const { state, saved = 0 } = status;
    const going = isLive(state);
    const ended = ["stopped", "failed"].includes(state);
    /** @type {Record<string, boolean>} */
    const there = {
      pause: state === "running" || state === "measuring",
      go: state === "paused",
      step: state === "running" || state === "paused",
      stop: going && state !== "queued" && state !== "finishing" && state !== "starting",
      resume: ended && saved > 0,
      leave: state === "queued",
      fork: saved > 0,
      follow: !going && saved > 0 && !then.doing && !(then.done ?? []).includes("evaluation"),
      cancel: Boolean(then.doing),
    };
    for (const [name, node] of Object.entries(this.#buttons)) node.hidden = !may || !there[name];
    this.#showNumbers(may && ["running", "paused", "measuring"].includes(state));
  }

  /** @param {boolean} may */
  #showNumbers(may) {
    const all = flat(this.#status.values ?? {});
    const names = all.map(({ name, block }) => `${name} ${block}`).join();
    if (names !== this.#shown) {
      this.#shown = names;
      this.#numbers.clear();
      for (const { name, block, value, label } of all) {
        const limits = this.#status.limits?.[name] ?? [0, Infinity];
        const number = new Steered(label, value, limits, (given) => this.#set(name, block, given));
        this.#numbers.set(`${name} ${block}`, number);
      }
      this.numbers.replaceChildren(...[...this.#numbers.values()].map(({ root }) => root));
    }
    for (const { name, block, value } of all) this.#numbers.get(`${name} ${block}`)?.show(value, may);
  }

  /**
   * @param {string} name
   * @param {string} block
   * @param {number} given
   */
  #set(name, block, given) {
    // Of one block alone: what another page sets of another block meanwhile stays.
    this.order("set", name, block ? { [block]: given } : given);
  }
}
