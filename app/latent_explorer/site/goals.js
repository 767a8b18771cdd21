// What a step of a lesson asks for: conditions on facts, as data. As in the app (lessons/goals.py).

/**
 * A fact, and what holds of it.
 * @typedef {object} Condition
 * @property {string} fact
 * @property {boolean} [present] whether there is something
 * @property {string} [noneOf]
 * @property {string[]} [anyOf]
 * @property {number} [above]
 * @property {number} [least]
 * @property {number} [below]
 * @property {number} [most]
 */

/** @typedef {string | number | boolean | readonly string[] | null | undefined} Fact */

/**
 * Whether it holds of what the fact is; of what is not there only an absence does.
 * @param {Condition} condition
 * @param {Fact} value
 */
export function holds({ present, noneOf, anyOf, above, least, below, most }, value) {
  const values = Array.isArray(value) ? value : [value];
  if (present !== undefined) return (Array.isArray(value) ? value.length > 0 : Boolean(value)) === present;
  if (noneOf !== undefined)
    return value !== null && value !== undefined && !values.some((each) => equal(each, noneOf));
  if (anyOf) return values.some((each) => anyOf.some((text) => equal(each, text)));
  const number = typeof value === "boolean" ? NaN : read(value);
  if (Number.isNaN(number)) return false;
  return (
    !(above !== undefined && number <= above) &&
    !(least !== undefined && number < least) &&
    !(below !== undefined && number >= below) &&
    !(most !== undefined && number > most)
  );
}

/**
 * Whether all hold; a fact is asked for only where those before it hold.
 * @param {readonly Condition[]} goal
 * @param {(name: string) => Fact | Promise<Fact>} fact
 */
export async function done(goal, fact) {
  for (const condition of goal) if (!holds(condition, await fact(condition.fact))) return false;
  return goal.length > 0;
}

/**
 * A finite number, or NaN.
 * @param {unknown} value
 */
function read(value) {
  const number = typeof value === "string" && value.trim() ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : NaN;
}

/**
 * @param {unknown} value
 * @param {string} text
 */
function equal(value, text) {
  if (value === null || value === undefined || typeof value === "boolean") return false;
  return String(value) === text || (!Number.isNaN(read(text)) && read(String(value)) === read(text));
}
