import assert from "node:assert/strict";
import { test } from "node:test";

import { awake, between, blended, nearest, ticks } from "./knots.js";

test("between two knots the way is that of the logarithm, and beyond them counts the end", () => {
  const knots = [0.1, 1, 10];
  assert.deepEqual(between(knots, 1), { low: 1, high: 1, share: 0 });
  const half = between(knots, 10 ** 0.5);
  assert.deepEqual([half.low, half.high, half.share.toFixed(6)], [1, 2, "0.500000"]);
  assert.deepEqual(between(knots, 0.01), { low: 0, high: 0, share: 0 });
  assert.deepEqual(between(knots, 99), { low: 2, high: 2, share: 0 });
  assert.deepEqual(between(knots, 1.01), { low: 1, high: 1, share: 0 }); // a hundredth of the way is none
  assert.equal(blended([4, 6, 10], half), 8);
});

test("a dimension is active, or not, or the knots around differ", () => {
  const active = [
    [1, 1, 0],
    [1, 0, 0],
  ];
  assert.deepEqual(awake(active, { low: 0, high: 1, share: 0.2 }), [1, 0.5, 0]);
  assert.deepEqual(awake(active, { low: 1, high: 1, share: 0 }), [1, 0, 0]);
});

test("the nearest position by its logarithm, and round numbers along an axis", () => {
  assert.equal(nearest([0.1, 1, 10], 2), 1);
  assert.equal(nearest([0.1, 1, 10], 4), 2);
  assert.deepEqual(ticks(3, 45, 6), [10, 20, 30, 40]);
  assert.deepEqual(ticks(-1, 1, 4), [-1, -0.5, 0, 0.5, 1]);
});
