// Back and on in a lesson, and what the browser keeps of the progress in all of them.

import { element } from "../shared/elements.js";
import { mounting } from "../shared/mounting.js";
import { keep, kept, merged, without } from "./progress.js";

const IN_ADDRESS = ["lesson", "step"];

/**
 * @typedef {import("./progress.js").Progress} Progress
 * @typedef {object} Links
 * @property {string | null} back
 * @property {string | null} forward
 * @property {string | null} here
 * @property {boolean} leave
 * @property {boolean} ready
 * @property {string} told
 * @property {Progress} progress
 * @property {boolean} keeps whether it is the one of the page that asks the browser
 * @property {string} wayOn
 */

/**
 * Go to an address within the app as the browser's own Back and Forward do: what it does not say is as usual there.
 * @param {string} address
 */
function go(address) {
  history.pushState({}, "", address);
  dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

/**
 * A word, and a sign in its place where there is no room for words.
 * @param {HTMLElement} way
 * @param {string} text
 * @param {string} sign
 */
function called(way, text, sign) {
  way.setAttribute("aria-label", text);
  way.replaceChildren(
    element("span", { class: "word" }, text),
    element("span", { class: "sign", "aria-hidden": "true" }, sign),
  );
}

/**
 * @param {string} text
 * @param {string} title
 * @param {string} sign
 */
function link(text, title, sign) {
  const anchor = element("a", { class: "way", title });
  called(anchor, text, sign);
  anchor.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // in a tab of its own
    event.preventDefault();
    if (anchor.href) go(anchor.href);
  });
  return anchor;
}

class LessonLinks {
  #told = element("span", { class: "told" });
  #here = link("To this step", "Go to the page that this step is about, as it begins", "↺");
  #back = link("Back", "To the step before", "‹");
  #forward = link("Next", "To the next step", "›");
  #fold = element("button", { type: "button", class: "way", "aria-expanded": "true" });
  #leave = link("Leave", "Leave the lesson; your progress is kept", "✕");
  #root = element("nav", { class: "lesson-links", "aria-label": "Lesson" });

  /**
   * @param {ParentNode} parent
   * @param {import("../shared/mounting.js").Call<Links>} call
   */
  constructor(parent, { data, setStateValue }) {
    const before = data.keeps ? kept() : {};
    if (Object.keys(before).length) setStateValue("kept", before);
    called(this.#fold, "Fold", "▾");
    this.#fold.addEventListener("click", () => this.#folded());
    this.#root.append(this.#told, this.#here, this.#back, this.#forward, this.#fold, this.#leave);
    parent.append(this.#root);
  }

  /** The strip becomes its first line, and opens again. */
  #folded() {
    const strip = /** @type {HTMLElement | null} */ (this.#strip());
    if (!strip) return;
    const folded = strip.dataset.folded === undefined;
    if (folded) strip.dataset.folded = "";
    else delete strip.dataset.folded;
    called(this.#fold, folded ? "Unfold" : "Fold", folded ? "▴" : "▾");
    this.#fold.setAttribute("aria-expanded", String(!folded));
  }

  /** @returns {Element | null | undefined} */
  #strip() {
    const top = this.#root.getRootNode();
    const host = top instanceof ShadowRoot ? top.host : this.#root;
    return host.closest(".st-key-lesson-strip");
  }

  /** @param {import("../shared/mounting.js").Call<Links>} call */
  update({ data }) {
    /** @type {[HTMLAnchorElement, string | null][]} */
    const ways = [
      [this.#here, data.here],
      [this.#back, data.back],
      [this.#forward, data.forward],
      [this.#leave, data.leave ? without(location.href, IN_ADDRESS) : null],
    ];
    for (const [anchor, address] of ways) {
      anchor.hidden = address === null;
      if (address === null) anchor.removeAttribute("href");
      else anchor.href = new URL(address, location.href).href;
    }
    const [title, step = ""] = data.told.split(/ · (?=[^·]*$)/);
    this.#told.replaceChildren(element("span", { class: "title" }, title), step && ` · ${step}`);
    this.#told.title = data.told;
    called(this.#forward, data.wayOn, "›");
    this.#fold.hidden = !data.leave;
    this.#root.classList.toggle("strip", data.leave);
    this.#forward.classList.toggle("lit", data.ready);
    if (data.keeps) keep(merged(kept(), data.progress));
  }

  destroy() {
    this.#root.remove();
  }
}

export default mounting((parent, /** @type {import("../shared/mounting.js").Call<Links>} */ call) => {
  return new LessonLinks(parent, call);
});
