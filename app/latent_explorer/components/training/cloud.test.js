import assert from "node:assert/strict";
import { test } from "node:test";

import { reachOf } from "./cloud.js";

test("a map holds nearly all items and does not tremble", () => {
  const places = Array.from({ length: 2000 }, (_, i) => 4 * Math.sin(i));
  const reach = reachOf(places);
  assert.ok(reach > 4 && reach < 6);
  assert.equal(
    reachOf(places.map((value) => value * 1.01)),
    reach,
  );
  assert.equal(reachOf([...places, 1e6, 1e6]), reach);
});

test("a map of nothing, and of what is no number", () => {
  assert.equal(reachOf([]), 2.5);
  assert.equal(reachOf([NaN, 1, Infinity, 0]), 2.5);
});
