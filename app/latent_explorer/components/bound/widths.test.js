import assert from "node:assert/strict";
import { test } from "node:test";

import { widths } from "./widths.js";

test("bars are as long as their numbers are large, the largest as long as can be", () => {
  assert.deepEqual(widths([1, 4, -2]), [25, 100, 50]);
});

test("where all is nothing there is no bar", () => {
  assert.deepEqual(widths([0, 0]), [0, 0]);
  assert.deepEqual(widths([]), []);
});
