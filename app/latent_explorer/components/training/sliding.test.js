import assert from "node:assert/strict";
import { test } from "node:test";

import { PLACES, placeAt, scaleOf, valueAt } from "./sliding.js";

test("the middle is where it began, the ends a hundredth and a hundredfold", () => {
  const scale = scaleOf(4);
  assert.deepEqual(
    [0, PLACES / 2, PLACES].map((place) => valueAt(scale, place)),
    [0.04, 4, 400],
  );
  assert.equal(placeAt(scale, 4), PLACES / 2);
  assert.equal(placeAt(scale, 1e9), PLACES);
});

test("what began at 0 can be switched off again", () => {
  const scale = scaleOf(0);
  assert.equal(valueAt(scale, 0), 0);
  assert.ok(valueAt(scale, 1) > 0);
  assert.equal(placeAt(scale, 0), 0);
  assert.ok(placeAt(scale, 1e-9) > 0);
});

test("a value is found again at its place", () => {
  for (const start of [1e-3, 1, 20]) {
    const scale = scaleOf(start);
    for (const place of [10, 77, 150])
      assert.ok(Math.abs(placeAt(scale, valueAt(scale, place)) - place) <= 3);
  }
});
