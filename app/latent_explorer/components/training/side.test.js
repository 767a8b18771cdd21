import assert from "node:assert/strict";
import { test } from "node:test";

import { axesOf } from "./side.js";

test("a map's axes have names", () => {
  assert.deepEqual(axesOf("z", "dimensions", 2), ["z[0]", "z[1]"]);
  assert.deepEqual(axesOf("z", "dimensions", 1), ["z[0]", ""]);
  assert.deepEqual(axesOf("z_u", "principal axes", 16), ["axis 1", "axis 2"]);
});
