import assert from "node:assert/strict";
import { test } from "node:test";

import { Generator } from "./draws.js";

/** @type {(values: ArrayLike<number>) => number[]} */
const short = (values) => Array.from(values, (value) => Math.round(value * 1e4) / 1e4);

// torch.randn(3, generator=torch.Generator().manual_seed(7)), and two of torch.rand after them.
test("few normals are those of torch", () => {
  const generator = new Generator(7);
  assert.deepEqual(short(generator.normals(3)), [-0.1468, 0.7861, 0.9468]);
  assert.deepEqual(short(generator.uniforms(2)), [0.3653, 0.8513]);
});

// The same of torch.randn(20), whose last sixteen are drawn anew.
test("many normals are those of torch", () => {
  const generator = new Generator(7);
  const drawn = short(generator.normals(20));
  assert.deepEqual(drawn.slice(0, 6), [-0.8201, 0.3956, 0.8989, -1.3884, 0.1984, 0.7821]);
  assert.deepEqual(drawn.slice(16), [-0.8667, -0.564, -2.0565, -0.3567]);
  assert.deepEqual(short(generator.uniforms(2)), [0.3887, 0.2214]);
});
