// How a component of the app stands on a published page: in a shadow root with its own style, as Streamlit holds it.

import { element } from "../components/shared/elements.js";
import { moduleOf, ROOT, whyNot } from "./loading.js";

/** @typedef {{update: (data: any) => void, element: HTMLElement, remove: () => void}} Mounted */

/** @type {Map<string, Promise<any>>} */
const modules = new Map();

/**
 * The default export of a component. Raises an Error with one sentence where the host lacks a part of it.
 * @param {string} name
 */
async function component(name) {
  const there = modules.get(name) ?? moduleOf(`modules/components/${name}/index.js`);
  modules.set(name, there);
  there.catch(() => modules.delete(name)); // the next one who asks tries again
  return (await there).default;
}

/**
 * The style sheet of a component, on its way into a shadow root. Raises an Error with one sentence where the host lacks it.
 * @param {ShadowRoot} root
 * @param {string} name
 */
function styled(root, name) {
  const file = `modules/components/${name}/style.css`;
  const link = element("link", { rel: "stylesheet", href: new URL(file, ROOT).href });
  const came = new Promise((done, failed) => {
    link.onerror = () => whyNot(file, "css").then(failed);
    // Without a rule it is no style sheet, and a component without one may grow beyond all bounds.
    link.onload = (event) => (link.sheet?.cssRules.length ? done(event) : whyNot(file, "css").then(failed));
  });
  root.append(link);
  return came;
}

/**
 * Show a component at the end of a place.
 * @param {Element} place
 * @param {string} name of its folder
 * @param {any} data
 * @param {(name: string, value: any) => void} onState what the visitor left
 * @returns {Promise<Mounted>}
 */
export async function mount(place, name, data, onState) {
  const call = await component(name);
  const host = element("div", { class: `component ${name}` });
  const root = host.attachShadow({ mode: "open" });
  const came = styled(root, name);
  place.append(host);
  await came;
  /** @type {(data: any) => Promise<() => void>} */
  const shown = async (given) =>
    call({ data: given, parentElement: root, setStateValue: onState, setTriggerValue: onState });
  let end = await shown(data);
  return {
    element: host,
    update: (given) => void shown(given).then((newer) => (end = newer)),
    remove: () => {
      host.remove();
      end();
    },
  };
}
