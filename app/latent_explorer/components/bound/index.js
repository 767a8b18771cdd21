// A formula whose terms carry numbers, and what the opened term is made of.

import { element, say } from "../shared/elements.js";
import { mounting } from "../shared/mounting.js";
import { widths } from "./widths.js";

/** @typedef {{before: string, symbol: string, number: string, says: string, bars: [string, number][]}} Part */
/** @typedef {import("../shared/mounting.js").Call<{total: Part, parts: Part[]}>} BoundCall */

class Bound {
  #formula = element("div", { class: "formula", role: "group", "aria-label": "Terms" });
  #says = element("p", { "aria-live": "polite" });
  #bars = element("div", { class: "shares" });
  /** @type {Part[]} */
  #parts = [];
  #opened = -1; // until a term is: the first that is made of several

  /** @param {ParentNode} parent */
  constructor(parent) {
    this.root = element("div", { class: "bound" }, this.#formula, this.#says, this.#bars);
    parent.append(this.root);
  }

  /** @param {BoundCall} call */
  update({ data }) {
    const { total, parts } = data;
    const focused = this.#buttons().findIndex((button) => button.matches(":focus"));
    this.#parts = [total, ...parts];
    this.#formula.replaceChildren(...this.#parts.flatMap((part, i) => this.#term(part, i)));
    const first = this.#parts.findIndex(({ bars }) => bars.length);
    this.#open(this.#opened in this.#parts ? this.#opened : Math.max(first, 0));
    this.#buttons()[focused]?.focus();
  }

  #buttons() {
    return [...this.#formula.querySelectorAll("button")];
  }

  /**
   * @param {Part} part
   * @param {number} i
   */
  #term({ before, symbol, number }, i) {
    const button = element(
      "button",
      { type: "button", "aria-label": `${symbol}: ${number} nats` },
      element("span", { class: "symbol" }, symbol),
      element("strong", {}, number),
    );
    for (const name of ["pointerenter", "focus", "click"]) button.addEventListener(name, () => this.#open(i));
    return before ? [element("span", { class: "before" }, before), button] : [button];
  }

  /** @param {number} i */
  #open(i) {
    this.#opened = i;
    this.#buttons().forEach((button, at) => say(button, "pressed", at === i));
    const { says, bars } = this.#parts[i];
    this.#says.textContent = says;
    const shares = widths(bars.map(([, value]) => value));
    this.#bars.replaceChildren(
      ...bars.map(([name, value], at) =>
        element(
          "div",
          { class: "share" },
          element("span", {}, name),
          element("span", { class: "track" }, element("i", { style: `width:${shares[at]}%` })),
          element("span", { class: "value" }, value.toFixed(2)),
        ),
      ),
    );
  }

  destroy() {
    this.root.remove();
  }
}

/** @type {(parent: ParentNode, call: BoundCall) => Bound} */
const make = (parent) => new Bound(parent);

export default mounting(make);
