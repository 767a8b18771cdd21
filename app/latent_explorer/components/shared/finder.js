// A list of entries that stands as it is while it is short; of a long one, a box to search in and to scroll.

import { element } from "./elements.js";

export const MOST_ENTRIES = 30;

/**
 * The places of the names that hold every word of a text, whatever its capitals.
 * @param {readonly string[]} names
 * @param {string} text
 */
export function found(names, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return names.flatMap((name, place) => {
    const lower = name.toLowerCase();
    return words.every((word) => lower.includes(word)) ? [place] : [];
  });
}

/**
 * What to put in place of `entries`, one for each name: these, or a field to search with, `more` beside it, and the entries in a box.
 * @param {readonly string[]} names
 * @param {readonly HTMLElement[]} entries
 * @param {...HTMLElement} more
 * @returns {HTMLElement[]}
 */
export function findable(names, entries, ...more) {
  if (entries.length <= MOST_ENTRIES) return [...entries];
  const label = `Find one of ${names.length.toLocaleString("en")} classes`;
  const field = element("input", { type: "search", class: "find", placeholder: label, "aria-label": label });
  const none = element("span", { class: "none", hidden: true }, "no class is called that");
  const box = element("div", { class: "box", tabindex: -1 }, ...entries, none);
  field.oninput = () => {
    const there = new Set(found(names, field.value));
    entries.forEach((entry, place) => (entry.hidden = !there.has(place)));
    none.hidden = there.size > 0;
    box.scrollTop = 0;
  };
  return [element("div", { class: "finder" }, element("div", { class: "look" }, field, ...more), box)];
}
