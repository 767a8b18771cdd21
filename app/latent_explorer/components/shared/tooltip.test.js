import assert from "node:assert/strict";
import { test } from "node:test";

import { beside } from "./tooltip.js";

test("a box stands after the pointer where there is room, else before it, and never beyond the rim", () => {
  assert.equal(beside(100, 50, 1000), 114);
  assert.equal(beside(960, 50, 1000), 896);
  assert.equal(beside(40, 90, 120), 24); // neither fits: as far as the rim lets it
  assert.equal(beside(10, 500, 120), 6);
});
