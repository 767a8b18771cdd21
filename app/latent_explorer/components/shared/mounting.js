// How Streamlit calls a component, and how a component stays one thing over many calls.

/**
 * What Streamlit hands to the default export of a component: at first, and again whenever data or theme change.
 * @template Data
 * @typedef {object} Call
 * @property {Data} data what Python sent
 * @property {HTMLElement | ShadowRoot} parentElement
 * @property {(name: string, value: unknown) => void} setStateValue
 * @property {(name: string, value: unknown) => void} setTriggerValue
 */

/**
 * What is shown at one place of the page.
 * @template Data
 * @typedef {object} Shown
 * @property {(call: Call<Data>) => void} update
 * @property {() => void} destroy
 */

// How long a place may be without a call before what it shows is ended.
const GRACE_MS = 1000;

/**
 * The default export of a component: `make(parent, call)` at the first call for a place, `update` at each, `destroy` when the place is gone.
 *
 * The style sheet, which Streamlit asks for at the same time, is waited for, so that nothing is measured without it. What a call returns
 * ends what it showed, but only where no newer call comes for a place that is still on the page: Streamlit takes back a call before or
 * after it makes the next one, and a handle that was made anew would lose the keyboard's focus.
 *
 * @template Data
 * @param {(parent: HTMLElement | ShadowRoot, call: Call<Data>) => Shown<Data>} make
 * @returns {(call: Call<Data>) => (() => void) | Promise<() => void>}
 */
export function mounting(make) {
  /** @type {Map<Node, {shown: Shown<Data>, newest: Call<Data>}>} */
  const places = new Map();
  return (call) => {
    const { parentElement } = call;
    const show = () => {
      const place = places.get(parentElement) ?? { shown: make(parentElement, call), newest: call };
      places.set(parentElement, place);
      place.newest = call;
      place.shown.update(call);
      const end = () => {
        if (places.get(parentElement) !== place || place.newest !== call) return;
        places.delete(parentElement);
        place.shown.destroy();
      };
      return () => unlessConnected(parentElement, end);
    };
    return styled(parentElement)?.then(show) ?? show();
  };
}

/**
 * Do something as soon as a node is off the page, or after the grace.
 * @param {Node} node
 * @param {() => void} act
 */
function unlessConnected(node, act) {
  const late = Date.now() + GRACE_MS;
  const look = () => void (node.isConnected && Date.now() < late ? setTimeout(look, 50) : act());
  setTimeout(look);
}

/**
 * What ends when the style sheet of a place is there; nothing where it is there already, or none is on its way.
 * @param {ParentNode} parent
 * @returns {Promise<void> | undefined}
 */
function styled(parent) {
  const link = /** @type {HTMLLinkElement | null} */ (parent.querySelector("link[rel=stylesheet]"));
  if (!link || isWhole(link.sheet)) return;
  return new Promise((done) => {
    link.addEventListener("load", () => done(), { once: true });
    link.addEventListener("error", () => done(), { once: true }); // which Streamlit tells the visitor
  });
}

/**
 * Whether a style sheet has come, and those that it imports.
 * @param {CSSStyleSheet | null} sheet
 */
function isWhole(sheet) {
  return (
    Boolean(sheet) &&
    [...(sheet?.cssRules ?? [])].every((rule) => !(rule instanceof CSSImportRule) || rule.styleSheet)
  );
}
