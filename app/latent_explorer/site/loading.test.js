import assert from "node:assert/strict";
import { test } from "node:test";

import { sentence } from "./loading.js";

test("our own sentences are said as they are", () =>
  assert.equal(sentence(new Error("draw.bin is missing")), "draw.bin is missing"));

test("what the language says of a file that holds something else is no sentence for a visitor", () => {
  console.error = () => {};
  for (const work of [() => JSON.parse("{"), () => new Array(-1), () => /** @type {any} */ (null).length]) {
    let said = "";
    try {
      work();
    } catch (error) {
      said = sentence(error);
    }
    assert.match(said, /^A file of this site is not what was published: copy .* again\.$/);
  }
});
