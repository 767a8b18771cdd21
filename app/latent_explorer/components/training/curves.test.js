import assert from "node:assert/strict";
import { test } from "node:test";

import { apart, placeOf, rangeOf, short, stepAt } from "./curves.js";

/** @param {number[]} values */
const curve = (values) => ({ name: "rate", colour: "red", steps: values.map((_, i) => i), values });

test("the range leaves out the fall of the first values, and what is no number", () => {
  const values = [1000, ...Array.from({ length: 19 }, (_, i) => 20 + (i % 2))];
  const [low, high] = rangeOf([curve(values), curve([NaN, Infinity])]);
  assert.ok(low > 19 && low < 20 && high > 21 && high < 22);
  assert.deepEqual(rangeOf([curve([])]), [0, 1]);
  assert.ok(rangeOf([curve([3, 3])])[1] > rangeOf([curve([3, 3])])[0]);
});

test("no range of what is never negative goes below nothing", () => {
  assert.equal(rangeOf([curve([0, 0, 5])])[0], 0);
  assert.ok(rangeOf([curve([-3, -2])])[0] < -3);
});

test("a place and its step", () => {
  /** @type {import("./curves.js").Axes} */
  const axes = { width: 300, height: 100, steps: 2000, range: [0, 10] };
  const [x, top] = placeOf(axes, 500, 99);
  assert.equal(Math.round(stepAt(axes, x)), 500);
  assert.equal(top, placeOf(axes, 500, 10)[1]);
  assert.equal(stepAt(axes, -50), 0);
  assert.equal(stepAt(axes, 1000), 2000);
});

test("labels lie apart, in their order", () => {
  assert.deepEqual(apart([50, 10, 52], 11), [50, 10, 61]);
});

test("numbers in three digits", () => {
  assert.deepEqual([0, 12.345, 23456, NaN].map(short), ["0", "12.3", "23.5k", "–"]);
});

test("a loss that explodes keeps a short label", () => {
  assert.deepEqual([2.7e30, 27_000, 0.5, NaN].map(short), ["2.7e30", "27k", "0.5", "–"]);
});
