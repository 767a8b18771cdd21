import assert from "node:assert/strict";
import { test } from "node:test";

import { drawing, percent } from "./drawing.js";

const LOOK = { width: 300, font: "Arial", ink: "#222", background: "none" };
const widthOf = (/** @type {string} */ text) => 7 * text.length;

test("every bar is as long as its value, beside its name and its number", () => {
  const svg = drawing(
    {
      title: "q(class | x)",
      rows: [
        ["seven", 0.25, "#123456"],
        ["<b>", 1, "red"],
      ],
    },
    LOOK,
    widthOf,
  );
  const room = 300 - 35 - 8 - 52;
  assert.ok(svg.includes(`width="${room * 0.25}" fill="#123456"`));
  assert.ok(svg.includes(`width="${room}" fill="red"`));
  assert.ok(svg.includes(">seven</text>") && svg.includes(">25.0%</text>") && svg.includes(">100.0%</text>"));
  assert.ok(svg.includes("&#60;b&#62;") && !svg.includes("<b>"));
});

test("a long name leaves the bars some room", () => {
  const svg = drawing({ title: "t", rows: [["n".repeat(99), 0.5, "red"]] }, LOOK, widthOf);
  assert.ok(svg.includes('width="20" fill="#808080"'));
});

test("shares are said in per cent", () => {
  assert.equal(percent(0.98765), "98.8%");
});
