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
