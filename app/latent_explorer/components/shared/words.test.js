import assert from "node:assert/strict";
import { test } from "node:test";

import { worded } from "./words.js";

test("a sentence about images is told of rows, and stays as it is for images", () => {
  const text = "Show all images, close the image, or an image; Image 3 in pictures";
  const images = { one: "image", an: "an image", many: "images" };
  assert.equal(worded(text, images), text);
  const rows = { one: "row", an: "a row", many: "rows" };
  assert.equal(worded(text, rows), "Show all rows, close the row, or a row; Row 3 in pictures");
});
