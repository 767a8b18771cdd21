import assert from "node:assert/strict";
import { test } from "node:test";

import { merged, without } from "./progress.js";

test("what either knows is kept, and the newer guess", () => {
  const old = { a: { done: [1], seen: [0, 1], guesses: { 1: "x", 2: "y" }, at: 1 } };
  const now = {
    a: { done: [0], seen: [2], guesses: { 1: "z" }, at: 2 },
    b: { done: [], seen: [0], guesses: {}, at: 0 },
  };
  assert.deepEqual(merged(old, now), {
    a: { done: [0, 1], seen: [0, 1, 2], guesses: { 1: "z", 2: "y" }, at: 2 },
    b: { done: [], seen: [0], guesses: {}, at: 0 },
  });
});

test("what is no progress becomes none", () => {
  const odd = /** @type {any} */ ({ a: { done: "x", seen: [1.5, null, 2], guesses: null } });
  assert.deepEqual(merged(odd, {}), { a: { done: [], seen: [2], guesses: {}, at: 0 } });
  assert.deepEqual(merged(/** @type {any} */ (null), {}), {});
});

test("an address loses some names and keeps the rest", () => {
  assert.equal(
    without("http://host/live?model=m&lesson=a&step=2&item=3", ["lesson", "step"]),
    "http://host/live?model=m&item=3",
  );
});
