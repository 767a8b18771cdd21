// Explains the terms of the page that stands beside it. It draws nothing of its own but the box with a meaning.

import { element } from "../shared/elements.js";
import { mounting } from "../shared/mounting.js";
import { Finder } from "./finding.js";
import { Marks } from "./marking.js";

/** @typedef {import("./finding.js").Term} Term */
/** @typedef {{terms: string[][], guard: string}} GlossaryData each term as word, meaning, formula and forms */
/** @typedef {import("../shared/mounting.js").Call<GlossaryData>} GlossaryCall */

const REST_MS = 150; // without a change of the page, before it is looked at
const AGAIN_MS = 1500; // components draw later than the page that holds them
const HOVER_MS = 200; // before a meaning is shown, and before it goes: a pointer passes by, or moves over to it
const GAP = 6; // CSS pixels between a term and its box
const OBSERVED = { childList: true, subtree: true, characterData: true };

class Glossary {
  #word = element("strong");
  #means = element("p");
  #formula = element("code");
  #box = element(
    "div",
    { class: "meaning", role: "tooltip", popover: "manual" },
    this.#word,
    this.#means,
    this.#formula,
  );
  #ended = new AbortController();
  #observer = new MutationObserver(() => this.#changed());
  #rest = 0;
  #again = 0;
  #pointer = 0;
  /** @type {Map<string, Term>} */
  #terms = new Map();
  /** @type {HTMLElement | undefined} */
  #shown;
  /** @type {Marks | undefined} */
  #marks;

  /** @param {ParentNode} parent */
  constructor(parent) {
    parent.append(this.#box);
    const { signal } = this.#ended;
    const listen = (/** @type {string} */ name, /** @type {(event: Event) => void} */ act) =>
      document.addEventListener(name, act, { signal, capture: true });
    listen("pointerover", (event) => this.#over(/** @type {PointerEvent} */ (event)));
    listen("focusin", (event) => this.#show(termAt(event)));
    listen("focusout", () => this.#show());
    listen("click", (event) => this.#show(termAt(event)));
    listen("scroll", () => this.#show());
    listen("keydown", (event) => this.#key(/** @type {KeyboardEvent} */ (event)));
  }

  /** @param {GlossaryCall} call */
  update({ data }) {
    if (this.#marks) return this.#changed();
    const terms = data.terms.map(([word, means, formula, ...forms]) => ({ word, means, formula, forms }));
    this.#terms = new Map(terms.map((term) => [term.word, term]));
    this.#marks = new Marks(new Finder(terms, data.guard), (heading) =>
      this.#observer.observe(heading, OBSERVED),
    );
    this.#observer.observe(page(), OBSERVED);
    this.#changed();
  }

  #changed() {
    this.#marks?.mend(); // at once: a text that React wrote anew must not be seen with the rest of the former one
    if (this.#shown && !this.#shown.isConnected) this.#show();
    clearTimeout(this.#rest);
    clearTimeout(this.#again);
    this.#rest = window.setTimeout(() => this.#look(), REST_MS);
    this.#again = window.setTimeout(() => this.#look(), AGAIN_MS);
  }

  #look() {
    this.#marks?.mark(page());
    this.#observer.takeRecords(); // its own changes
  }

  /** @param {PointerEvent} event */
  #over(event) {
    if (event.pointerType !== "mouse") return;
    const inside = event.composedPath().includes(this.#box);
    const term = inside ? this.#shown : termAt(event);
    clearTimeout(this.#pointer);
    if (term !== this.#shown) this.#pointer = window.setTimeout(() => this.#show(term), HOVER_MS);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || !this.#shown) return;
    event.stopPropagation();
    this.#show();
  }

  /** @param {HTMLElement} [mark] */
  #show(mark) {
    clearTimeout(this.#pointer);
    if (mark === this.#shown) return;
    this.#shown = mark;
    const term = mark && this.#terms.get(mark.dataset.word ?? "");
    if (!mark || !term) return this.#box.hidePopover();
    this.#word.textContent = term.word;
    this.#means.textContent = term.means;
    this.#formula.textContent = term.formula;
    this.#formula.hidden = !term.formula;
    this.#box.showPopover();
    this.#place(mark);
  }

  /** @param {HTMLElement} mark */
  #place(mark) {
    const at = mark.getClientRects()[0] ?? mark.getBoundingClientRect();
    const { width, height } = this.#box.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const below = at.bottom + GAP + height <= clientHeight;
    this.#box.style.left = `${Math.max(GAP, Math.min(at.left, clientWidth - width - GAP))}px`;
    this.#box.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
  }

  destroy() {
    this.#ended.abort();
    this.#observer.disconnect();
    for (const timer of [this.#rest, this.#again, this.#pointer]) clearTimeout(timer);
    this.#marks?.clear();
    this.#box.remove();
  }
}

/** What is explained: the page, without the menu beside it. */
const page = () => document.querySelector("[data-testid=stMain]") ?? document.body;

/**
 * The marked term at which something happens, also within a component.
 * @param {Event} event
 */
function termAt(event) {
  const [target] = event.composedPath();
  const mark = target instanceof Element ? target.closest("dfn.explained") : null;
  return mark instanceof HTMLElement ? mark : undefined;
}

/** @type {(parent: ParentNode, call: GlossaryCall) => Glossary} */
const make = (parent) => new Glossary(parent);

export default mounting(make);
