// Small inputs with a label.

import { element } from "../components/shared/elements.js";

/**
 * @param {string} name
 * @param {HTMLElement} input
 */
export const field = (name, input) => element("label", { class: "field" }, element("span", {}, name), input);

/**
 * A whole number; what is none puts the last one back.
 * @param {string} name
 * @param {number} value
 * @param {number} most
 * @param {(value: number) => void} onChange
 */
export function whole(name, value, most, onChange) {
  const input = element("input", { type: "number", min: 0, max: most, step: 1, value });
  let last = value;
  input.onchange = () => {
    const asked = Number(input.value);
    if (input.value !== "" && Number.isInteger(asked) && asked >= 0 && asked <= most)
      onChange((last = asked));
    else input.value = String(last);
  };
  /** @type {(newer: number) => void} */
  const show = (newer) => void (input.value = String((last = newer)));
  return { root: field(name, input), show };
}

/**
 * @param {string} name
 * @param {readonly [string, string][]} options value and words
 * @param {string} value
 * @param {(value: string) => void} onChange
 */
export function choice(name, options, value, onChange) {
  const input = element(
    "select",
    {},
    ...options.map(([each, words]) => element("option", { value: each, selected: each === value }, words)),
  );
  input.onchange = () => onChange(input.value);
  return field(name, input);
}

/**
 * @param {string} words
 * @param {() => void} onClick
 */
export function button(words, onClick) {
  const node = element("button", { type: "button" }, words);
  node.onclick = onClick;
  return node;
}
