// Marks on a page that belongs to somebody else: React goes on to write its texts, and must find them as it left them.

import { element } from "../shared/elements.js";

/** @typedef {import("./finding.js").Term} Term */
/** @typedef {import("./finding.js").Finder} Finder */

/**
 * A text node that was cut at its terms: itself, which keeps its place and holds what came before the first, and the pieces after it.
 * @typedef {{node: Text, before: string, whole: string, pieces: ChildNode[]}} Cut
 */

// Where own words are written, and where a mark would be in the way of a press or is no prose.
const PROSE = "h1, h2, h3, h4, h5, h6, [data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]";
const HEADINGS = "h4, figcaption, .title, .heading";
const APART =
  "a, button, label, summary, code, pre, svg, [role=button], [role=tab], [role=radio], .katex, .note, dfn," +
  " [data-testid=stWidgetLabel], [data-testid=stHeaderActionElements], [data-testid=stMetric]";

const SHEET = `
dfn.explained { font-style: inherit; text-decoration: underline dotted; text-decoration-thickness: 1px;
  text-underline-offset: 0.2em; cursor: help; }
dfn.explained:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; border-radius: 2px; }
@media print { dfn.explained { text-decoration: none; } }`;

/** Marks terms within a part of the document and the components there. */
export class Marks {
  /** @type {Cut[]} */
  #cuts = [];
  #sheet = new CSSStyleSheet();
  /** @type {Set<Node>} the texts of components that are watched */
  #watched = new Set();

  /**
   * @param {Finder} finder
   * @param {(node: Node) => void} watch is told of each heading within a component, which no observer of the document sees
   */
  constructor(finder, watch) {
    this.finder = finder;
    this.watch = watch;
    this.#sheet.replaceSync(SHEET);
  }

  /** Take back what no more belongs to its text: React wrote another one, or took it away. */
  mend() {
    const changed = this.#cuts.filter(
      ({ node, before, pieces }) =>
        !node.isConnected || node.data !== before || node.nextSibling !== pieces[0],
    );
    if (!changed.length) return;
    this.#cuts = this.#cuts.filter((cut) => !changed.includes(cut));
    changed.forEach(restore);
  }

  /**
   * Mark each term where it first stands below a root. What is marked rightly is left alone, for who reads or selects it.
   * @param {Element} root
   */
  mark(root) {
    const known = new Set();
    const rest = new Map(this.#cuts.map((cut) => [cut.node, cut]));
    const pieces = new Set(this.#cuts.flatMap((cut) => cut.pieces));
    /** @type {Cut[]} */
    const kept = [];
    for (const node of [...texts(root, (heading) => this.#watch(heading))]) {
      if (pieces.has(node)) continue;
      const cut = rest.get(node);
      const found = this.finder.first(cut?.whole ?? node.data, known);
      if (cut && !same(cut, found)) restore(cut);
      rest.delete(node);
      if (found.length) kept.push(cut && same(cut, found) ? cut : this.#cut(node, found));
    }
    rest.forEach(restore);
    this.#cuts = kept;
  }

  clear() {
    this.#cuts.forEach(restore);
    this.#cuts = [];
  }

  /** @param {Element} heading */
  #watch(heading) {
    if (!this.#watched.has(heading)) this.watch(heading);
    this.#watched.add(heading);
  }

  /**
   * @param {Text} node
   * @param {import("./finding.js").Found[]} found
   * @returns {Cut}
   */
  #cut(node, found) {
    const whole = node.data;
    const root = /** @type {Document | ShadowRoot} */ (node.getRootNode());
    if (!root.adoptedStyleSheets.includes(this.#sheet)) root.adoptedStyleSheets.push(this.#sheet);
    /** @type {ChildNode[]} */
    const pieces = [];
    found.forEach(({ start, end, term }, i) => {
      const id = meaning(root, term);
      const attributes = { class: "explained", tabindex: 0, "aria-describedby": id, "data-word": term.word };
      const after = whole.slice(end, found[i + 1]?.start ?? whole.length);
      pieces.push(element("dfn", attributes, whole.slice(start, end)), document.createTextNode(after));
    });
    node.data = whole.slice(0, found[0].start);
    node.after(...pieces);
    return { node, before: node.data, whole, pieces };
  }
}

/**
 * @param {Cut} cut
 * @param {import("./finding.js").Found[]} found
 */
function same({ whole, pieces }, found) {
  const marks = /** @type {HTMLElement[]} */ (pieces.filter((piece) => piece.nodeName === "DFN"));
  return (
    marks.length === found.length &&
    found.every(
      ({ start, end, term }, i) =>
        marks[i].dataset.word === term.word && marks[i].textContent === whole.slice(start, end),
    ) &&
    pieces.every((piece) => piece.isConnected)
  );
}

/** @param {Cut} cut */
function restore({ node, before, whole, pieces }) {
  for (const piece of pieces) piece.remove();
  if (node.data === before) node.data = whole;
}

/**
 * The texts that may be marked, in the order in which they are read.
 * @param {Element} root
 * @param {(heading: Element) => void} within is told of headings of components
 * @returns {Generator<Text>}
 */
function* texts(root, within) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    node instanceof Element && node.matches(APART) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  );
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node instanceof Element && node.shadowRoot) yield* headings(node.shadowRoot, within);
    if (node instanceof Text && node.data.trim() && node.parentElement?.closest(PROSE)) yield node;
  }
}

/**
 * @param {ShadowRoot} root
 * @param {(heading: Element) => void} within
 * @returns {Generator<Text>}
 */
function* headings(root, within) {
  for (const heading of root.querySelectorAll(HEADINGS)) {
    if (heading.closest("[popover], [role=tooltip]")) continue;
    within(heading);
    for (const child of [...heading.childNodes]) if (child instanceof Text && child.data.trim()) yield child;
  }
}

/**
 * The number of the element that holds what a term means, in the same tree as the term, for those who listen to the page.
 * @param {Document | ShadowRoot} root
 * @param {Term} term
 */
function meaning(root, term) {
  const id = `glossary-${term.word.replace(/[^a-z]+/gi, "-")}`;
  if (!root.getElementById(id)) {
    const text = term.formula ? `${term.means} ${term.formula}` : term.means;
    const place = root instanceof Document ? root.body : root;
    place.append(element("div", { id, hidden: true }, text));
  }
  return id;
}
