import assert from "node:assert/strict";
import { test } from "node:test";

import { fitting, wordAt } from "./pixels.js";

test("grey and colour bytes become opaque pixels", () => {
  assert.equal(wordAt([0x12], 0, 1), 0xff121212);
  assert.equal(wordAt([9, 0x11, 0x22, 0x33], 1, 3), 0xff332211);
  const bytes = new Uint8Array(new Uint32Array([wordAt([1, 2, 3], 0, 3)]).buffer);
  assert.deepEqual([...bytes], [1, 2, 3, 255]);
});

test("a picture of any shape has its longer side as long as asked", () => {
  assert.deepEqual(fitting({ width: 28, height: 28 }, 252), { width: 252, height: 252 });
  assert.deepEqual(fitting({ width: 40, height: 10 }, 80), { width: 80, height: 20 });
  assert.deepEqual(fitting({ width: 8, height: 16 }, 56), { width: 28, height: 56 });
});
