import assert from "node:assert/strict";
import { test } from "node:test";

import { axesOf, kindsOf } from "./side.js";

test("a map's axes have names", () => {
  assert.deepEqual(axesOf("z", "dimensions", 2), ["z[0]", "z[1]"]);
  assert.deepEqual(axesOf("z", "dimensions", 1), ["z[0]", ""]);
  assert.deepEqual(axesOf("z_u", "principal axes", 16), ["axis 1", "axis 2"]);
});

test("a block of many dimensions has a map by UMAP where the frames hold one", () => {
  const header = /** @type {any} */ ({ axes: { z_l: "principal axes", z_u: "dimensions" }, umap: 500 });
  assert.deepEqual(kindsOf(header, "z_l"), ["principal axes", "UMAP"]);
  assert.deepEqual(kindsOf(header, "z_u"), ["dimensions"]);
  assert.deepEqual(kindsOf({ ...header, umap: undefined }, "z_l"), ["principal axes"]);
});
