import assert from "node:assert/strict";
import { test } from "node:test";

import { shortened, worded } from "./words.js";

test("a sentence about images is told of rows, and stays as it is for images", () => {
  const text = "Show all images, close the image, or an image; Image 3 in pictures";
  const images = { one: "image", an: "an image", many: "images" };
  assert.equal(worded(text, images), text);
  const rows = { one: "row", an: "a row", many: "rows" };
  assert.equal(worded(text, rows), "Show all rows, close the row, or a row; Row 3 in pictures");
});

test("long names lose what they share, and then their middle", () => {
  assert.deepEqual(shortened(["cat", "dog"], 8), ["cat", "dog"]);
  assert.deepEqual(shortened(["a long name that is one", "b"], 9), ["a lo… one", "b"]);
  const names = [1, 2].map((n) => `Homo sapiens of the class ${n} of two`);
  assert.deepEqual(shortened(names, 24), ["…1 of two", "…2 of two"]);
  assert.deepEqual(shortened(["été ".repeat(9)], 9), ["été …été "]);
  assert.deepEqual(shortened([], 9), []);
});
