// How long bars are.

/**
 * Per cent of the longest, by size alone: a number that was had at draws may lie below 0.
 * @param {number[]} values
 */
export function widths(values) {
  const most = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
  return values.map((value) => (100 * Math.abs(value)) / most);
}
