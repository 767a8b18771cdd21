// The frames as a line to scrub over and to play; at its end it follows the training.

import { element, say } from "../shared/elements.js";

const PLAY_MS = 60; // a frame, at the least
const WHOLE_MS = 12_000; // a whole training, at the most

export class Timeline {
  at = -1; // the frame that is shown
  live = true; // whether it follows the newest
  #count = 0;
  #timer = 0;
  #play = element("button", { type: "button", class: "play" }, "▶");
  #range = element("input", { type: "range", min: 0, step: 1, "aria-label": "Frame of the training" });
  #label = element("output", { class: "label" });
  #latest = element("button", { type: "button", title: "Follow the newest frame" }, "latest");

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    this.root = element("div", { class: "timeline" }, this.#play, this.#range, this.#label, this.#latest);
    this.#play.setAttribute("aria-label", "Play the training from its beginning");
    this.#range.oninput = () => {
      this.#pause();
      this.show(Number(this.#range.value));
    };
    this.#play.onclick = () => (this.#timer ? this.#pause() : this.#start());
    this.#latest.onclick = () => {
      this.#pause();
      this.show(this.#count - 1);
    };
  }

  /**
   * Show a frame; at the newest one it follows.
   * @param {number} number
   */
  show(number) {
    this.at = Math.max(-1, Math.min(this.#count - 1, number));
    this.live = this.at === this.#count - 1 && !this.#timer;
    this.onChange();
  }

  /**
   * There are so many frames.
   * @param {number} count
   * @param {string} label of the frame that is shown
   */
  update(count, label) {
    if (count < this.#count) this.live = true; // another start
    this.#count = count;
    if (this.live) this.at = count - 1;
    this.#range.max = String(Math.max(0, count - 1));
    this.#range.value = String(this.at);
    this.#range.setAttribute("aria-valuetext", label);
    this.#range.disabled = this.#play.disabled = count < 2;
    this.#label.textContent = label;
    this.#latest.hidden = this.live;
  }

  #start() {
    if (this.at >= this.#count - 1) this.at = -1;
    this.live = false;
    this.#play.textContent = "⏸";
    say(this.#play, "pressed", true);
    const began = performance.now();
    const from = Math.max(0, this.at);
    const each = Math.min(PLAY_MS, WHOLE_MS / Math.max(1, this.#count));
    const next = () => {
      const number = from + Math.floor((performance.now() - began) / each);
      if (number >= this.#count - 1) {
        this.#pause();
        this.show(this.#count - 1);
        return;
      }
      if (number !== this.at) this.show(number);
      this.#timer = requestAnimationFrame(next);
    };
    this.#timer = requestAnimationFrame(next);
  }

  #pause() {
    cancelAnimationFrame(this.#timer);
    this.#timer = 0;
    this.#play.textContent = "▶";
    say(this.#play, "pressed", false);
  }

  end() {
    this.#pause();
  }
}
