import assert from "node:assert/strict";
import { test } from "node:test";

import { shownReach } from "./cloud.js";

test("a map shows more than its items need, and does not tremble", () => {
  assert.ok(shownReach(4.1) > 4.1 && shownReach(4.1) < 6);
  assert.equal(shownReach(4.12), shownReach(4.1));
  assert.ok(shownReach(40) > 40);
});

test("a map shows the middle of the prior where items lie nearer, or nowhere", () => {
  assert.equal(shownReach(0), 2.5);
  assert.equal(shownReach(NaN), 2.5);
});
