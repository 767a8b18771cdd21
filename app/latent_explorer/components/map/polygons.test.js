import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { MAX_VERTICES } from "../shared/protocol.js";
import { boxOf, insideOf, selectedIn, simplify, thin, topOf } from "./polygons.js";
import { Points } from "./points.js";

/** @typedef {import("./polygons.js").Point} Point */

const AGREED = JSON.parse(
  readFileSync(new URL("../../../../tests/app/agreed.json", import.meta.url), "utf-8"),
);

test("a lasso selects here what it selects in Python", () => {
  const isInside = insideOf(AGREED.lasso.polygon);
  const found = AGREED.lasso.points.map((/** @type {Point} */ [x, y]) => isInside(x, y));
  assert.deepEqual(found, AGREED.lasso.inside);
  assert.ok(found.includes(true) && found.includes(false));
});

test("what lies twice inside an outline is outside", () => {
  // A pentagram: its middle is wound round twice.
  const star = [0, 2, 4, 1, 3].map((corner) => {
    const angle = (2 * Math.PI * corner) / 5;
    return /** @type {Point} */ ([Math.sin(angle), Math.cos(angle)]);
  });
  const isInside = insideOf(star);
  assert.equal(isInside(0, 0), false);
  assert.equal(isInside(0, 0.8), true);
});

test("thinning keeps the ends and the corners, and drops what is on the way", () => {
  /** @type {Point[]} */
  const path = [
    [0, 0],
    [5, 0.1],
    [10, 0],
    [10, 5],
    [10, 10],
  ];
  assert.deepEqual(thin(path, 0.5), [path[0], path[2], path[4]]);
  assert.deepEqual(thin(path, 0.01), [path[0], path[1], path[2], path[4]]);
});

test("a path that ends where it began is no line: distances count from that point", () => {
  /** @type {Point[]} */
  const loop = [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 0],
  ];
  assert.deepEqual(thin(loop, 1), loop);
});

test("any outline becomes short enough for a link", () => {
  const noise = Array.from({ length: 3000 }, (_, i) => /** @type {Point} */ ([i % 97, (i * 7919) % 101]));
  const found = simplify(noise);
  assert.ok(found.length <= MAX_VERTICES);
  assert.deepEqual(found[0], noise[0]);
});

test("a box has four corners, and the top of an outline is its least y", () => {
  assert.deepEqual(boxOf([1, 2], [3, 4]), [
    [1, 2],
    [3, 2],
    [3, 4],
    [1, 4],
  ]);
  assert.deepEqual(
    topOf([
      [0, 5],
      [1, 2],
      [2, 7],
    ]),
    [1, 2],
  );
});

test("what is selected is what a test of every item finds, whatever the outline crosses", () => {
  let state = 11;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const cells = () => Uint16Array.from({ length: 20_000 }, () => Math.floor(65_536 * random() ** 2));
  const points = new Points([-2, 7, 3e-4, 1e-4], cells(), cells());
  const isShown = (/** @type {number} */ item) => item % 7 > 0;
  for (const corners of [3, 4, 5, 12, 40]) {
    for (const size of [0.02, 0.3, 1.5]) {
      const [x, y] = [-2 + 19 * random(), 7 + 6 * random()];
      const polygon = Array.from({ length: corners }, () => {
        return /** @type {Point} */ ([x + 20 * size * (random() - 0.5), y + 6 * size * (random() - 0.5)]);
      });
      const isInside = insideOf(polygon);
      const expected = [...points.x].map((_, i) => Number(isShown(i) && isInside(points.x[i], points.y[i])));
      assert.deepEqual([...selectedIn(points, polygon, isShown)], expected);
    }
  }
});
