import assert from "node:assert/strict";
import { test } from "node:test";

import { LABEL_LINE, spaced, spread, star } from "./painting.js";

const theme = /** @type {any} */ ({ font: "sans-serif" });
const context = /** @type {any} */ ({
  measureText: (/** @type {string} */ text) => ({ width: 8 * text.length }),
});

test("labels that would be printed over each other move down, others stay", () => {
  const placed = spread(context, theme, [
    { text: "one", at: [50, 100] },
    { text: "two", at: [55, 104] },
    { text: "three", at: [55, 110] },
    { text: "far", at: [300, 100] },
  ]);
  assert.deepEqual(
    placed.map(({ y }) => y),
    [100, 100 + LABEL_LINE + 1, 100 + 2 * (LABEL_LINE + 1), 100],
  );
});

test("a label whose place is in view is in view as a whole", () => {
  const panel = { ...context, canvas: { width: 200 }, getTransform: () => ({ a: 2 }) }; // 100 CSS pixels
  const placed = spread(panel, theme, [
    { text: "right", at: [98, 10] },
    { text: "left", at: [0, 50] },
    { text: "gone", at: [140, 90] },
  ]);
  assert.deepEqual(
    placed.map(({ x }) => x),
    [100 - 23, 19, 140],
  );
});

test("pictures do not overlap, and the first ones win", () => {
  assert.deepEqual(
    spaced(
      [
        [7, 0, 0],
        [8, 10, 10],
        [9, 20, 0],
      ],
      20,
    ).map(([item]) => item),
    [7, 9],
  );
});

test("a star has ten corners, the first of them on top", () => {
  const corners = star(5, 5);
  assert.equal(corners.length, 10);
  assert.ok(Math.abs(corners[0][0] - 5) < 1e-12);
  assert.ok(corners.every(([, y]) => y >= corners[0][1]));
});
