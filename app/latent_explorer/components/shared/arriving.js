// What was left of a page is put into the entry of the browser's history that leads there again.

/**
 * Put an address into the present entry, and say so; null leaves it as it is.
 * @param {string | null} address
 * @param {(name: string, value: unknown) => void} setTriggerValue
 */
export function arrive(address, setTriggerValue) {
  if (address === null || location.search === `?${address}`) return;
  history.replaceState({}, "", `${location.pathname}?${address}`);
  setTriggerValue("arrived", true);
}
