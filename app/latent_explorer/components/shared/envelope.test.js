import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromBase64, numbersFromBase64, unpack } from "./envelope.js";

// What Python's `pack` made of this: tests/app/test_protocol.py compares.
const AGREED = JSON.parse(
  readFileSync(new URL("../../../../tests/app/agreed.json", import.meta.url), "utf-8"),
);

test("an envelope of Python opens to its header and arrays, wherever it lies in memory", () => {
  const { base64, header, arrays } = AGREED.envelope;
  const bytes = fromBase64(base64);
  const moved = new Uint8Array(bytes.length + 3);
  moved.set(bytes, 3);
  for (const given of [bytes, moved.subarray(3)]) {
    const found = unpack(given);
    assert.deepEqual(
      { .../** @type {object} */ (found.header), arrays: undefined },
      { ...header, arrays: undefined },
    );
    assert.deepEqual(
      found.arrays.map((array) => [array.constructor.name, [...array]]),
      arrays,
    );
  }
});

test("labels beyond 255 come through", () => {
  assert.deepEqual([...numbersFromBase64("AQCQAf//")], [1, 400, 65535]);
});
