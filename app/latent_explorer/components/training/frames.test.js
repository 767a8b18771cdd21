import assert from "node:assert/strict";
import { test } from "node:test";

import { Frames, half, lastBefore } from "./frames.js";

const FIELDS = [
  { name: "step", dtype: "int64", shape: [] },
  { name: "mark", dtype: "uint8", shape: [3] },
  { name: "kl", dtype: "float16", shape: [2] },
];

/** @param {number} step */
function record(step) {
  const bytes = new Uint8Array(15);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(step), true);
  bytes.set([step, 7, 255], 8);
  view.setUint16(11, 0x3e00, true); // 1.5
  view.setUint16(13, 0xc000, true); // -2
  return bytes;
}

/** @param {...Uint8Array} parts */
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

test("float16 by its bits", () => {
  assert.deepEqual(
    [0x0000, 0x3c00, 0xbc00, 0x7bff, 0x0001, 0x7c00, 0xfc00].map(half),
    [0, 1, -1, 65504, 2 ** -24, Infinity, -Infinity],
  );
  assert.ok(Number.isNaN(half(0x7e00)));
});

test("records that come in parts are opened field by field, a torn one left out", () => {
  const frames = new Frames(FIELDS);
  frames.add(joined(record(1), record(2)));
  frames.add(joined(record(3), record(4).subarray(0, 9)));
  assert.equal(frames.count, 3);
  assert.deepEqual(
    [0, 1, 2].map((number) => frames.value("step", number)),
    [1, 2, 3],
  );
  assert.deepEqual([...Array.from(frames.values("mark", 2))], [3, 7, 255]);
  assert.deepEqual(Array.from(frames.values("kl", 1)), [1.5, -2]);
});

test("what is not there is nothing", () => {
  const frames = new Frames(FIELDS);
  frames.add(new Uint8Array(3));
  assert.equal(frames.count, 0);
  assert.deepEqual([...Array.from(frames.values("kl", 0))], []);
  frames.add(record(1));
  assert.equal(frames.has("validation"), false);
  assert.deepEqual([...Array.from(frames.values("validation", 0))], []);
  assert.deepEqual([...Array.from(frames.values("kl", 1))], []);
});

test("the last frame that is not after a step", () => {
  assert.deepEqual(
    [-5, 0, 4, 10, 99].map((step) => lastBefore([0, 5, 10], step)),
    [0, 0, 0, 2, 2],
  );
  assert.equal(lastBefore([], 3), 0);
});
