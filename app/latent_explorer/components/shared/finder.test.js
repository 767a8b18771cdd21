import assert from "node:assert/strict";
import { test } from "node:test";

import { found } from "./finder.js";

test("a name is found by its words in any order and any capitals", () => {
  const names = ["Great tit", "great Spotted woodpecker", "tit"];
  assert.deepEqual(found(names, "great"), [0, 1]);
  assert.deepEqual(found(names, "TIT great"), [0]);
  assert.deepEqual(found(names, "  "), [0, 1, 2]);
  assert.deepEqual(found(names, "owl"), []);
});
