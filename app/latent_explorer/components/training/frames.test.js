import assert from "node:assert/strict";
import { test } from "node:test";

import { Frames, lastBefore, nearest } from "./frames.js";

const HEADER = {
  record: 16,
  fields: [
    { name: "step", dtype: "<i8", shape: [], offset: 0 },
    { name: "kl", dtype: "<f4", shape: [1], offset: 8 },
    { name: "mark", dtype: "|u1", shape: [2], offset: 12 },
    { name: "place", dtype: "<i2", shape: [1], offset: 14 },
  ],
};

/** @param {number} step */
function record(step) {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(step), true);
  view.setFloat32(8, 1.5, true);
  bytes.set([step, 255], 12);
  view.setInt16(14, -300, true);
  return bytes;
}

/** @param {...Uint8Array} parts */
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

test("records that come in parts are opened field by field, a torn one left out", () => {
  const frames = new Frames(HEADER);
  frames.add(joined(record(1), record(2)));
  frames.add(joined(record(3), record(4).subarray(0, 9)));
  assert.equal(frames.count, 3);
  assert.deepEqual(
    [0, 1, 2].map((number) => frames.value("step", number)),
    [1, 2, 3],
  );
  assert.deepEqual(Array.from(frames.values("mark", 2)), [3, 255]);
  assert.deepEqual(Array.from(frames.values("kl", 1)), [1.5]);
  assert.deepEqual(Array.from(frames.values("place", 0)), [-300]);
});

test("what is not there is nothing", () => {
  const frames = new Frames(HEADER);
  frames.add(new Uint8Array(3));
  assert.equal(frames.count, 0);
  assert.deepEqual([...Array.from(frames.values("kl", 0))], []);
  frames.add(record(1));
  assert.equal(frames.has("validation"), false);
  assert.deepEqual([...Array.from(frames.values("validation", 0))], []);
  assert.deepEqual([...Array.from(frames.values("kl", 1))], []);
});

test("numbers of a type that is not known are refused in a sentence", () => {
  const odd = { ...HEADER, fields: [{ ...HEADER.fields[0], dtype: "<c8" }] };
  assert.throws(() => new Frames(odd), /<c8/);
});

test("the last frame that is not after a step", () => {
  assert.deepEqual(
    [-5, 0, 4, 10, 99].map((step) => lastBefore([0, 5, 10], step)),
    [0, 0, 0, 2, 2],
  );
  assert.equal(lastBefore([], 3), 0);
});

test("the nearest of some steps, none where there are none", () => {
  assert.deepEqual([nearest([100, 200], 160), nearest([100, 200], 150), nearest([], 3)], [200, 100, 0]);
});
