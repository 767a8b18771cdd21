import assert from "node:assert/strict";
import { test } from "node:test";

import { UNIT } from "../shared/protocol.js";
import { drawTo, moved, onPaper, paint } from "./strokes.js";

test("places are thousandths of the paper's width", () => {
  assert.deepEqual(onPaper(112, 224, 224), [UNIT / 2, UNIT]);
});

test("a stroke goes on to points that are away from its end", () => {
  const stroke = { width: 80, ink: 255, points: [100, 100] };
  assert.equal(drawTo(stroke, [102, 102]), false);
  assert.equal(drawTo(stroke, [104, 100]), true);
  assert.deepEqual(stroke.points, [100, 100, 104, 100]);
});

test("keys move the pen and stop at the rim of a paper of any shape", () => {
  assert.deepEqual(moved([500, 500], [1, 0], 25, 2), [525, 500]);
  assert.deepEqual(moved([990, 1990], [1, 1], 25, 2), [1000, 2000]);
  assert.deepEqual(moved([10, 10], [-1, -1], 25, 1), [0, 0]);
});

test("strokes are painted on black in their ink, round where they begin", () => {
  /** @type {string[]} */
  const log = [];
  const context = /** @type {any} */ (
    new Proxy(
      { canvas: { width: 500, height: 500 } },
      {
        get: (target, name) =>
          name === "canvas"
            ? target.canvas
            : (/** @type {number[]} */ ...values) =>
                log.push(`${String(name)} ${values.map(Math.round).join(" ")}`),
        set: (_, name, value) => (log.push(`${String(name)} = ${value}`), true),
      },
    )
  );
  paint(context, [{ width: 80, ink: 255, points: [10, 20, 30, 40] }]);
  assert.equal(log.indexOf("fillStyle = #000") < log.indexOf("fillRect 0 0 500 500"), true);
  assert.ok(log.includes("strokeStyle = rgb(255,255,255)"));
  assert.ok(log.includes("arc 10 20 40 0 6"));
  assert.deepEqual(log.slice(-3), ["moveTo 10 20", "lineTo 30 40", "stroke "]);
});
