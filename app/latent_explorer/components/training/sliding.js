// From the place of a slider to a value and back: by factors, from a hundredth to a hundredfold of where it stood; 0 at the left end where
// it stood at 0 or may be switched off.

export const PLACES = 200;
const DECADES = 4;

/**
 * @typedef {{start: number, zero: boolean}} Scale `start`: the value in the middle; `zero`: whether the left end is 0
 */

/**
 * The scale of a number by what it was when the training began.
 * @param {number} value
 * @returns {Scale}
 */
export const scaleOf = (value) => ({ start: value > 0 ? value : 1, zero: !(value > 0) });

/**
 * @param {Scale} scale
 * @param {number} place
 */
export function valueAt({ start, zero }, place) {
  if (zero && place <= 0) return 0;
  const value = start * 10 ** (DECADES * (place / PLACES - 0.5));
  return Number(value.toPrecision(2));
}

/**
 * @param {Scale} scale
 * @param {number} value
 */
export function placeAt({ start, zero }, value) {
  if (!(value > 0)) return 0;
  const place = PLACES * (Math.log10(value / start) / DECADES + 0.5);
  return Math.round(Math.min(PLACES, Math.max(zero ? 1 : 0, place)));
}
