import assert from "node:assert/strict";
import { test } from "node:test";

import { share } from "./detail.js";

test("a bar's length goes by factors of ten", () => {
  assert.equal(share(5, 5), 1);
  assert.ok(Math.abs(share(0.005, 5) - 0.5) < 1e-9);
  assert.deepEqual([share(1e-9, 5), share(0, 5), share(NaN, 5), share(1, 0)], [0, 0, 0, 0]);
});
