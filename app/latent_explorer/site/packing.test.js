import assert from "node:assert/strict";
import { test } from "node:test";

import { unpack } from "../components/shared/envelope.js";
import { packed, toBase64 } from "./packing.js";

test("what is packed is unpacked again", () => {
  const bytes = packed(
    { name: "é" },
    Uint8Array.of(1, 2, 3),
    Uint16Array.of(4, 65535),
    Uint32Array.of(2 ** 32 - 1),
  );
  /** @type {{header: {name: string}, arrays: ArrayLike<number>[]}} */
  const { header, arrays } = unpack(bytes);
  assert.equal(header.name, "é");
  assert.deepEqual(
    arrays.map((array) => Array.from(array)),
    [[1, 2, 3], [4, 65535], [2 ** 32 - 1]],
  );
});

test("bytes are base64", () => assert.equal(toBase64([0, 255, 7]), "AP8H"));
