// What the wheel does over a map: it scrolls the page, as everywhere, unless somebody asks for the map.

import { element } from "../shared/elements.js";

const HINT_MS = 1600; // how long the hint stays after the wheel has scrolled
const LINE = 16; // CSS pixels of a line, where a wheel counts in lines
const PAGE = 400; // and of a page
const SLOW = 500; // CSS pixels of the wheel that magnify by e
const PINCH = 100; // fewer of a pinch on a touch pad, which comes as a wheel with Ctrl
const MOST = 0.4; // of the logarithm of one step

/**
 * @typedef {Pick<WheelEvent, "ctrlKey" | "metaKey" | "deltaY" | "deltaMode">} Wheel
 */

/**
 * Whether the wheel is the map's and not the page's.
 * @param {Wheel} event
 * @param {boolean} isFocused whether the map has the focus
 */
export const zooms = ({ ctrlKey, metaKey }, isFocused) => isFocused || ctrlKey || metaKey;

/**
 * By how much a step of the wheel magnifies, never by more than half as much again.
 * @param {Wheel} event
 */
export function factorOf({ deltaY, deltaMode, ctrlKey }) {
  const pixels = deltaY * ([1, LINE, PAGE][deltaMode] ?? 1);
  const exponent = -pixels / (ctrlKey ? PINCH : SLOW);
  return Math.exp(Math.max(-MOST, Math.min(MOST, exponent)));
}

/** @param {string} platform the browser's name of the machine */
export const hintFor = (platform) =>
  `${/mac|iphone|ipad/i.test(platform) ? "⌘" : "Ctrl"} and the wheel zoom, or click the map first`;

/** A word over a map whose wheel has just scrolled the page. */
export class Hint {
  #timer = 0;
  root = element("div", { class: "hint", "aria-hidden": "true" }, hintFor(navigator.platform ?? ""));

  show() {
    this.root.dataset.shown = "true";
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.hide(), HINT_MS);
  }

  hide() {
    clearTimeout(this.#timer);
    delete this.root.dataset.shown;
  }
}
