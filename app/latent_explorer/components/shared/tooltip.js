// A box that follows the pointer.

import { element } from "./elements.js";

const GAP = 14; // CSS pixels from the pointer
const MARGIN = 6; // from the rim of the viewport

/**
 * Where a box of a size starts: after the pointer, or before it where only that has room; never beyond the rim.
 * @param {number} at of the pointer
 * @param {number} size of the box
 * @param {number} room of the viewport
 */
export function beside(at, size, room) {
  const after = at + GAP;
  const before = at - GAP - size;
  const start = after + size <= room - MARGIN || before < MARGIN ? after : before;
  return Math.max(MARGIN, Math.min(start, room - MARGIN - size));
}

/** It lives in the browser's top layer, where nothing can clip or cover it. */
export class Tooltip {
  /** @type {[number, number]} */
  #anchor = [0, 0];

  /**
   * @param {Element} parent
   * @param {...(Node | string)} children
   */
  constructor(parent, ...children) {
    this.box = element("div", { class: "tooltip", role: "tooltip", popover: "manual" }, ...children);
    parent.append(this.box);
  }

  get visible() {
    return this.box.classList.contains("visible");
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  show(x, y) {
    if (!this.visible) this.box.showPopover?.();
    this.box.classList.add("visible");
    this.#anchor = [x, y];
    this.place();
  }

  /** Sit beside the pointer. */
  place() {
    if (!this.visible) return;
    const [x, y] = this.#anchor;
    const { width, height } = this.box.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    this.box.style.left = `${beside(x, width, clientWidth)}px`;
    this.box.style.top = `${beside(y, height, clientHeight)}px`;
  }

  hide() {
    if (!this.visible) return;
    this.box.classList.remove("visible");
    this.box.hidePopover?.();
  }
}
