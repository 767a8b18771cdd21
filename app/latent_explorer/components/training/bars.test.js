import assert from "node:assert/strict";
import { test } from "node:test";

import { awake, laid } from "./bars.js";

test("a dimension is awake from a tenth of a nat on", () => {
  assert.equal(awake([0, 0.05, 0.1, 3]), 2);
});

test("bars of blocks lie beside each other within the width", () => {
  const bars = laid(
    [
      { name: "z_l", values: [1, 2] },
      { name: "z_u", values: [3, 4, 5] },
    ],
    210,
    ["red", "blue"],
  );
  assert.deepEqual(
    bars.map(({ value, colour }) => [value, colour]),
    [
      [1, "red"],
      [2, "red"],
      [3, "blue"],
      [4, "blue"],
      [5, "blue"],
    ],
  );
  assert.ok(bars.every((bar, i) => !i || bar.x >= bars[i - 1].x + bars[i - 1].width));
  assert.ok(bars[4].x + bars[4].width <= 210);
});
