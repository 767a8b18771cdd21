import assert from "node:assert/strict";
import { test } from "node:test";

import { acrossOf, wrapped } from "./sheet.js";
import { axesOf, captions, kindsOf } from "./side.js";

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

test("pictures of a table are called rows, and stand half as many beside each other", () => {
  assert.equal(captions("rows")[0], "fixed rows over their reconstructions");
  assert.equal(captions()[0], "fixed images over their reconstructions");
  assert.equal(acrossOf(8, [16, 30, 1]), 4);
  assert.equal(acrossOf(8, [28, 28, 1]), 8);
  assert.equal(acrossOf(2, [16, 30, 1]), 2);
  assert.equal(acrossOf(0, [28, 28, 1]), 1);
});

test("originals stay over their reconstructions where a row is broken", () => {
  assert.deepEqual(
    wrapped(
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
      1,
      2,
    ),
    [
      [1, 2],
      [5, 6],
      [3, 4],
      [7, 8],
    ],
  );
  assert.deepEqual(wrapped([[1, 2, 3]], 1, 2), [[1, 2], [3]]);
});
