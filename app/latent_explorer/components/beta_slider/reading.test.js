import assert from "node:assert/strict";
import { test } from "node:test";

import { betaOf, classOf, isApart, shareOf } from "./reading.js";

/** @param {string | null} text */
const saying = (text) => ({ getAttribute: () => text });

test("a slider says its beta as screen readers hear it", () => {
  assert.equal(betaOf(saying("0.316")), 0.316);
  assert.equal(betaOf(saying("10")), 10);
  for (const text of ["", "much", "0", "-1", null]) assert.equal(betaOf(saying(text)), null);
  assert.equal(betaOf(null), null);
});

test("a beta lies on the track by its logarithm", () => {
  assert.equal(shareOf(1, [0.1, 10]), 0.5);
  assert.equal(shareOf(0.1, [0.1, 10]), 0);
  assert.equal(shareOf(100, [0.1, 10]), 1);
});

test("the class of a widget is Streamlit's", () => assert.equal(classOf("beta_z u"), "st-key-beta_z-u"));

test("three digits are the same position", () => {
  assert.ok(!isApart(0.31623, 0.316));
  assert.ok(isApart(0.348, 0.316));
  assert.ok(isApart(1, null));
});
