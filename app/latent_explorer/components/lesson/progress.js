// What a browser keeps of the progress in lessons.

const KEPT = "latent-explorer-lessons"; // in the browser's storage

/**
 * Of one lesson: steps whose task is done and steps that were seen, from 0, guesses by step, and the step that was open last.
 * @typedef {{done: number[], seen: number[], guesses: Record<string, string>, at: number}} Of
 * @typedef {Record<string, Of>} Progress
 */

/**
 * @param {unknown} value
 * @returns {number[]}
 */
function numbers(value) {
  return Array.isArray(value) ? value.filter((each) => Number.isInteger(each)) : [];
}

/**
 * All that either knows; where both know a guess, the newer's.
 * @param {Progress} old
 * @param {Progress} now
 * @returns {Progress}
 */
export function merged(old, now) {
  /** @type {Progress} */
  const all = {};
  for (const name of new Set([...Object.keys(old ?? {}), ...Object.keys(now)])) {
    const [before, after] = [old?.[name], now[name]];
    const union = (/** @type {"done" | "seen"} */ part) =>
      [...new Set([...numbers(before?.[part]), ...numbers(after?.[part])])].sort((a, b) => a - b);
    all[name] = {
      done: union("done"),
      seen: union("seen"),
      guesses: { ...before?.guesses, ...after?.guesses },
      at: after?.at ?? before?.at ?? 0,
    };
  }
  return all;
}

/**
 * An address without some of its names.
 * @param {string} address
 * @param {string[]} names
 */
export function without(address, names) {
  const url = new URL(address);
  for (const name of names) url.searchParams.delete(name);
  return url.href;
}

/**
 * What this browser has kept.
 * @returns {Progress}
 */
export function kept() {
  try {
    return merged(JSON.parse(localStorage.getItem(KEPT) ?? "{}"), {});
  } catch {
    return {}; // a browser that keeps nothing, or what no one can read
  }
}

/** @param {Progress} progress */
export function keep(progress) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(progress));
  } catch {
    // it keeps nothing: the session does
  }
}
