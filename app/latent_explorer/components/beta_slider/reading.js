// Where a slider of Streamlit stands, and where a beta lies on its track.

/**
 * The class that Streamlit gives to what holds a widget, by its key.
 * @param {string} key
 */
export const classOf = (key) => `st-key-${key.trim().replace(/[^a-zA-Z0-9_-]/g, "-")}`;

/**
 * The beta that a slider says to screen readers, which changes at every step of a drag; null where it says none.
 * @param {Pick<Element, "getAttribute"> | null} input
 */
export function betaOf(input) {
  const beta = Number(input?.getAttribute("aria-valuetext") ?? NaN);
  return Number.isFinite(beta) && beta > 0 ? beta : null;
}

/**
 * How far along a track, from 0 to 1, a beta lies, on a scale of its logarithm.
 * @param {number} beta
 * @param {readonly number[]} range its least and its greatest
 */
export function shareOf(beta, [low, high]) {
  const share = Math.log(beta / low) / Math.log(high / low);
  return Math.max(0, Math.min(1, share));
}

/**
 * Whether a beta stands at another position of a slider: what sliders say has three digits.
 * @param {number} beta
 * @param {number | null} said
 */
export const isApart = (beta, said) => said === null || Math.abs(Math.log(beta / said)) > 0.01;
