import assert from "node:assert/strict";
import { test } from "node:test";

import { featureAt } from "./features.js";

const names = ["a", "b", "c", "d", "e"];

test("a bar is a feature, from left to right", () => {
  assert.equal(featureAt(0.01, 0.9, { names, bars: true }), "a");
  assert.equal(featureAt(0.99, 0.1, { names, bars: true }), "e");
});

test("cells lie row after row, and some of the last hold none", () => {
  assert.equal(featureAt(0.9, 0.1, { names, bars: false }), "c");
  assert.equal(featureAt(0.1, 0.5, { names, bars: false }), "d");
  assert.equal(featureAt(0.9, 0.9, { names, bars: false }), undefined);
});

test("beside the picture there is none", () => {
  assert.equal(featureAt(1, 0.5, { names, bars: true }), undefined);
  assert.equal(featureAt(-0.1, 0.5, { names, bars: true }), undefined);
});
