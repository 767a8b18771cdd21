// How a component of the app stands on a published page: in a shadow root with its own style, as Streamlit holds it.

import { element } from "../components/shared/elements.js";
import { ROOT } from "./loading.js";

/** @typedef {{update: (data: any) => void, element: HTMLElement, remove: () => void}} Mounted */

/** @type {Map<string, Promise<any>>} */
const modules = new Map();

/**
 * The default export of a component. Raises an Error with one sentence where the host lacks a part of it.
 * @param {string} name
 */
async function component(name) {
  const there = modules.get(name) ?? import(new URL(`modules/components/${name}/index.js`, ROOT).href);
  modules.set(name, there);
  try {
    return (await there).default;
  } catch {
    modules.delete(name);
    throw new Error(
      `A part of modules/components/${name} is missing or cut short on this host: copy the published folder there again.`,
    );
  }
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
  root.append(
    element("link", { rel: "stylesheet", href: new URL(`modules/components/${name}/style.css`, ROOT).href }),
  );
  place.append(host);
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
