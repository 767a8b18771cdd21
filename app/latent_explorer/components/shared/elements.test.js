import assert from "node:assert/strict";
import { test } from "node:test";

import { oncePerFrame, resize } from "./elements.js";

test("a task runs once a frame, however often it is asked for, and not after it is cancelled", () => {
  /** @type {Map<number, () => void>} */
  const frames = new Map();
  let made = 0;
  Object.defineProperty(globalThis, "requestAnimationFrame", {
    value: (/** @type {() => void} */ task) => (frames.set(++made, task), made),
    configurable: true,
  });
  Object.defineProperty(globalThis, "cancelAnimationFrame", {
    value: (/** @type {number} */ frame) => frames.delete(frame),
    configurable: true,
  });
  const pass = () => [...frames.entries()].forEach(([frame, task]) => (frames.delete(frame), task()));
  let runs = 0;
  const schedule = oncePerFrame(() => runs++);
  schedule();
  schedule();
  pass();
  assert.equal(runs, 1);
  schedule();
  schedule.cancel();
  pass();
  assert.equal(runs, 1);
  schedule();
  pass();
  assert.equal(runs, 2);
});

test("a canvas that has its size keeps its content: it is not set again", () => {
  /** @type {string[]} */
  const log = [];
  const canvas = /** @type {any} */ ({
    get width() {
      return 4;
    },
    set width(value) {
      log.push(`width ${value}`);
    },
    get height() {
      return 5;
    },
    set height(value) {
      log.push(`height ${value}`);
    },
  });
  resize(canvas, 4, 5);
  assert.deepEqual(log, []);
  resize(canvas, 4, 6);
  assert.deepEqual(log, ["height 6"]);
});
