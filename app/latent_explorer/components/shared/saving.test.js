import assert from "node:assert/strict";
import { test } from "node:test";

import { escaped, fileName, svgDocument, svgText } from "./saving.js";

test("text of SVG cannot end its element or its attribute", () => {
  assert.equal(escaped(`<a b="c">&`), "&#60;a b=&#34;c&#34;&#62;&#38;");
  assert.equal(svgText("a<b", { x: 4, title: '"' }), `<text x="4" title="&#34;">a&#60;b</text>`);
});

test("a document has its size and its ground", () => {
  const text = svgDocument(10, 20, "#fff", "<g/>");
  assert.match(
    text,
    /^<svg xmlns="[^"]+" width="10" height="20" viewBox="0 0 10 20"><rect [^>]+fill="#fff"\/><g\/><\/svg>$/,
  );
});

test("a title becomes the name of a file, whatever it holds", () => {
  assert.equal(fileName("Traversals of z_u, “item 7”"), "traversals-of-z-u-item-7");
  assert.equal(fileName("../../etc"), "etc");
  assert.equal(fileName("β"), "picture");
  assert.ok(fileName("x".repeat(100)).length <= 60);
});
