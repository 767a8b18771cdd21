// Which keys ask for a change.

/** What takes letters itself, or what Esc shuts first. */
const TAKES =
  "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], [role=combobox]";
const OPEN = "[role=dialog], [role=listbox], [data-testid=stPopoverBody], .latent-map .plot";

/**
 * Whether a key asks for the other state.
 * @param {Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "repeat" | "defaultPrevented"> & {composedPath: () => EventTarget[]}} event
 * @param {boolean} on whether one presents
 */
export function asks(event, on) {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  const [target] =
    /** @type {{matches?: (selector: string) => boolean, closest?: (selector: string) => unknown}[]} */ (
      event.composedPath()
    );
  if (target?.matches?.(TAKES)) return false;
  if (event.key === "Escape") return on && !target?.closest?.(OPEN);
  return event.key.toLowerCase() === "p" && !on;
}
