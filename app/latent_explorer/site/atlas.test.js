import assert from "node:assert/strict";
import { test } from "node:test";

import { addItem, corners, half } from "./atlas.js";

test("a beta between two points of a grid is shared in its logarithm", () => {
  const [[low, share], [high, rest]] = corners({ z: [0.1, 1, 10] }, { z: 10 ** 0.25 });
  assert.deepEqual([low, high], [1, 2]);
  assert.ok(Math.abs(share - 0.75) < 1e-9 && Math.abs(rest - 0.25) < 1e-9);
});

test("a beta on a point, or beyond the ends, is one point; without betas there is one", () => {
  assert.deepEqual(corners({ z: [0.1, 1, 10] }, { z: 1.001 }), [[1, 1]]);
  assert.deepEqual(corners({ z: [0.1, 1, 10] }, { z: 99 }), [[2, 1]]);
  assert.deepEqual(corners({}, {}), [[0, 1]]);
});

test("a grid of two blocks has four corners, whose shares are products", () => {
  const grid = { a: [1, 1, 4, 4], b: [1, 4, 1, 4] };
  const found = corners(grid, { a: 2, b: 2 });
  assert.deepEqual(found.map(([point]) => point).sort(), [0, 1, 2, 3]);
  assert.ok(found.every(([, share]) => Math.abs(share - 0.25) < 1e-9));
});

test("halves are read as IEEE 754 writes them", () => {
  assert.deepEqual([0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff].map(half), [
    1,
    -2,
    0.333251953125,
    2 ** -24,
    65504,
  ]);
});

test("a code is a weighted sum of items", () => {
  const code = new Float32Array(2);
  const encoded = { width: 2, values: [1, 2, 3, 4], low: null, step: null };
  addItem(encoded, 0, 0.25, code);
  addItem(encoded, 1, 0.75, code);
  assert.deepEqual([...code], [2.5, 3.5]);
});
