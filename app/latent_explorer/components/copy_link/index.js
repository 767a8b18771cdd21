// Copies the address of the page; and has the page drawn anew after a lost connection, since it is on every page.

import { arrive } from "../shared/arriving.js";
import { pageDecoder } from "../shared/decoder.js";
import { element } from "../shared/elements.js";
import { mounting } from "../shared/mounting.js";
import { Again } from "./again.js";
import { linkTo } from "./link.js";

const CHAIN = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9 15l6-6M11 6l1.5-1.5a4.5 4.5 0 0 1 6.4 6.4L17 13M13 18l-1.5 1.5a4.5 4.5 0 0 1-6.4-6.4L7 11"/></svg>`;
const WORDS = "Copy link";
const SHOWN_MS = 4000; // how long it says what became of a click

/**
 * Put text on the clipboard. Browsers keep the newer way to https and localhost; a page in a class is often neither.
 * @param {string} text
 */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = element("textarea", { readonly: true, style: "position:fixed;opacity:0" });
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (!copied) throw new Error("the browser does not allow it");
}

class CopyLink {
  #timer = 0;
  #model = "";
  #shared = "";
  /** @type {import("../shared/mounting.js").Call<unknown>["setTriggerValue"]} */
  #trigger = () => {};
  #again = new Again(pageDecoder(), (number) => this.#trigger("again", number));
  #words = element("span", { "aria-live": "polite" }, WORDS);
  #button = element("button", { type: "button", class: "copy-link", title: "A link to exactly this view" });

  /** @param {ParentNode} parent */
  constructor(parent) {
    this.#button.innerHTML = CHAIN;
    this.#button.append(this.#words);
    this.#button.addEventListener("click", () => this.#click());
    parent.append(this.#button);
  }

  async #click() {
    const { link, here } = linkTo(location.href, this.#model, this.#shared);
    this.#words.textContent = await copy(link).then(
      () => (here ? "Link copied; it works on this computer only" : "Link copied"),
      () => "Copy it from the address bar",
    );
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => (this.#words.textContent = WORDS), SHOWN_MS);
  }

  /** @param {import("../shared/mounting.js").Call<{address: string | null, model: string, shared: string, again: number | null}>} call */
  update({ data, setTriggerValue }) {
    this.#model = data.model;
    this.#shared = data.shared;
    this.#trigger = setTriggerValue;
    this.#again.answered(data.again);
    arrive(data.address, setTriggerValue);
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#again.destroy();
    this.#button.remove();
  }
}

export default mounting((parent) => new CopyLink(parent));
