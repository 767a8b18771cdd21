import assert from "node:assert/strict";
import { test } from "node:test";

import { membersIn, unpacked } from "./members.js";

const bits = Uint8Array.of(0b10000001, 0b01000000); // items 0, 7 and 9

test("each item has its bit, and one that is hidden does not stand out", () => {
  assert.deepEqual([...unpacked(bits, 10, () => true)], [1, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
  assert.deepEqual([...unpacked(bits, 10, (item) => item !== 7)], [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
});

test("what was found stands out until something is selected, also on a map that is not shown", () => {
  const text = (/** @type {Uint8Array} */ each) => Buffer.from(each).toString("base64");
  const data = { found: text(bits), lit: text(Uint8Array.of(0, 0b11000000)) };
  const map = /** @type {any} */ ({
    ...{ panels: [], dataset: { panels: [], classes: new Uint8Array(10) }, data },
    isShown: () => true,
  });
  const selection = /** @type {any} */ ({ panel: "elsewhere", polygon: [] });
  assert.deepEqual([...(membersIn(map, null) ?? [])], [1, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
  assert.deepEqual([...(membersIn(map, selection) ?? [])], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  assert.equal(membersIn({ ...map, data: { found: null, lit: null } }, null), null);
});
