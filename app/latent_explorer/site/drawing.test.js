import assert from "node:assert/strict";
import { test } from "node:test";

import { centred, drawn, resized } from "./drawing.js";

const stroke = { width: 100, ink: 255, points: [300, 300, 300, 700] };

test("a stroke is ink where it was drawn, grey at its edges, and nothing is none", () => {
  const image = drawn([stroke], 10, 10);
  assert.ok(image);
  const row = Array.from(image.values.slice(50, 60));
  assert.ok(row[3] > 100 && row[0] === 0 && row[6] === 0);
  assert.equal(drawn([], 10, 10), null);
  assert.equal(drawn([{ width: 80, ink: 0, points: [500, 500] }], 10, 10), null);
});

test("a centred figure has its centre of mass in the middle, and 20/28 of the side", () => {
  const image = drawn([stroke], 28, 28);
  assert.ok(image);
  const { values } = centred(image);
  const sum = values.reduce((total, value) => total + value, 0);
  /** @type {(place: (i: number) => number) => number} */
  const middle = (place) => values.reduce((total, value, i) => total + value * place(i), 0) / sum;
  assert.ok(Math.abs(middle((i) => i % 28) - 13.5) <= 0.5);
  assert.ok(Math.abs(middle((i) => Math.floor(i / 28)) - 13.5) <= 0.5);
  const rows = new Set(
    Array.from(values.keys())
      .filter((i) => values[i] > 32)
      .map((i) => Math.floor(i / 28)),
  );
  assert.ok(Math.abs(rows.size - 20) <= 2);
});

test("an even image stays even at another size", () => {
  const image = { width: 4, height: 4, values: new Float64Array(16).fill(100) };
  assert.deepEqual([...new Set(resized(image, 7, 3).values)], [100]);
});
