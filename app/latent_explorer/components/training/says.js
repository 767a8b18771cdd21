// What is said of a run in words.

/**
 * @typedef {object} Status
 * @property {string} state measuring, running, paused, finishing, finished, stopped, failed; queued, starting; trained where nobody watched
 * @property {string} [said] a sentence where it stopped or failed
 * @property {number} [step]
 * @property {number} [steps]
 * @property {number} [epoch]
 * @property {number} [epochs]
 * @property {number} [steps_a_second]
 * @property {number | null} [left] seconds
 */

const STATES = {
  queued: "waits for its turn",
  starting: "is starting",
  measuring: "measures its speed",
  running: "is training",
  paused: "is paused",
  finishing: "writes its last checkpoint",
  finished: "has finished",
  stopped: "was stopped",
  failed: "has failed",
  trained: "was trained without being watched",
};

/** @param {string} state */
export const isLive = (state) =>
  ["queued", "starting", "measuring", "running", "paused", "finishing"].includes(state);

/**
 * A duration: `12 s`, `3 min`, `2 h 5 min`.
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * One line on where a run stands.
 * @param {Status} status
 */
export function sentence({ state, step, steps, epoch, epochs, steps_a_second: rate, left }) {
  const parts = [STATES[/** @type {keyof typeof STATES} */ (state)] ?? state];
  if (epochs) parts.push(`epoch ${epoch} of ${epochs}`);
  if (steps) parts.push(`step ${(step ?? 0).toLocaleString("en")} of ${steps.toLocaleString("en")}`);
  if (state === "running" && rate) parts.push(`${Math.round(rate).toLocaleString("en")} steps a second`);
  if (state === "running" && typeof left === "number") parts.push(`${duration(left)} left`);
  return parts.join(" · ");
}

/**
 * Sentences one after the other, each begun and ended as one.
 * @param {(string | undefined)[]} all
 */
export const sentences = (all) =>
  all
    .filter((each) => each !== undefined && each !== "")
    .map((each) => String(each))
    .map((each) => each[0].toUpperCase() + each.slice(1) + (/[.!?…]$/.test(each) ? "" : "."))
    .join(" ");

/**
 * What a change is called at its mark.
 * @param {{name: string, after: number}} change
 */
export const changed = ({ name, after }) =>
  `${name.replace(/^beta/, "β").replaceAll("_", " ")} ${Number(Number(after).toPrecision(3))}`;
