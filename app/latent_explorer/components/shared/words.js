// Sentences about images, told of whatever a model reads.

/**
 * What one calls an observation, the same with its article, and several.
 * @typedef {{one: string, an: string, many: string}} Kind
 */

/**
 * A sentence about images as one about observations of a kind. No text from outside goes through here.
 * @param {string} text
 * @param {Kind} kind
 */
export function worded(text, { one, an, many }) {
  /** @type {Record<string, string>} */
  const words = { "an image": an, image: one, images: many };
  return text.replace(/\b(an image|images?)\b/gi, (found) => {
    const word = words[found.toLowerCase()];
    return found[0] === found[0].toUpperCase() ? word[0].toUpperCase() + word.slice(1) : word;
  });
}

/**
 * Names of at most so many letters: long ones lose the words that all names begin with, then what is in their middle, so that they stay apart.
 * @param {readonly string[]} names
 * @param {number} most
 */
export function shortened(names, most) {
  if (names.every((name) => name.length <= most)) return [...names];
  const start = beginning(names);
  return names.map((name) => {
    const letters = [...name];
    if (letters.length <= most) return name;
    if (start > most / 2) letters.splice(0, start, "…");
    const [left, right] = [Math.ceil((most - 1) / 2), Math.floor((most - 1) / 2)];
    if (letters.length > most) letters.splice(left, letters.length - left - right, "…");
    return letters.join("");
  });
}

/**
 * How many letters of whole words all names begin with.
 * @param {readonly string[]} names
 */
function beginning(names) {
  const [first, ...others] = names.map((name) => [...name]);
  let [place, end] = [0, 0];
  while (others.length && place < first.length && others.every((other) => other[place] === first[place])) {
    place += 1;
    if (/[\s_/.:-]/.test(first[place - 1])) end = place;
  }
  return end;
}
