// P begins a presentation and Esc ends it; a button ends it where there are no keys.

import { element } from "../shared/elements.js";
import { mounting } from "../shared/mounting.js";
import { asks } from "./keys.js";

/** @typedef {import("../shared/mounting.js").Call<{on: boolean}>} PresentingCall */

class Presenting {
  #button = element(
    "button",
    {
      type: "button",
      class: "leave",
      title: "End the presentation (Esc)",
      "aria-label": "End the presentation",
    },
    "✕",
  );
  #ended = new AbortController();
  #on = false;
  /** @type {PresentingCall | undefined} */
  #call;

  /** @param {ParentNode} parent */
  constructor(parent) {
    parent.append(this.#button);
    this.#button.addEventListener("click", () => this.#turn());
    const listen = (/** @type {KeyboardEvent} */ event) => asks(event, this.#on) && this.#turn();
    document.addEventListener("keydown", listen, { signal: this.#ended.signal });
  }

  #turn() {
    this.#call?.setTriggerValue("turned", true);
  }

  /** @param {PresentingCall} call */
  update(call) {
    this.#call = call;
    this.#on = call.data.on;
    this.#button.hidden = !this.#on;
  }

  destroy() {
    this.#ended.abort();
    this.#button.remove();
  }
}

/** @type {(parent: ParentNode, call: PresentingCall) => Presenting} */
const make = (parent) => new Presenting(parent);

export default mounting(make);
