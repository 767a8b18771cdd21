import assert from "node:assert/strict";
import { test } from "node:test";

import { barred } from "./classes.js";

test("few classes keep their order, of many the most probable ones have bars", () => {
  assert.deepEqual(barred([0.1, 0.7, 0.2]), [0, 1, 2]);
  const many = Array.from({ length: 300 }, (_, c) => (c === 250 ? 0.6 : c === 7 ? 0.3 : 0.1 / 298));
  assert.deepEqual(barred(many).slice(0, 2), [250, 7]);
  assert.equal(barred(many).length, 6);
});
