import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_ITEMS } from "../shared/protocol.js";
import { blend, BLENDED, Dataset, Points, shortened } from "./points.js";

const COUNT = 800;
const random = generator(7);

/**
 * Numbers in [0, 1) that are the same in every run (Park and Miller, 1988).
 * @param {number} seed
 */
function generator(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

const cells = () => Uint16Array.from({ length: COUNT }, () => Math.floor(random() * 65536));
const points = new Points([-3, 10, 2e-4, 1e-4], cells(), cells());
const all = Array.from({ length: COUNT }, (_, i) => i);
const everyThird = (/** @type {number} */ item) => item % 3 === 0;

/**
 * @param {number} x
 * @param {number} y
 * @param {(item: number) => boolean} isShown
 */
function byDistance(x, y, isShown) {
  const near = all.filter(isShown).map((i) => [i, Math.hypot(points.x[i] - x, points.y[i] - y)]);
  return near.sort((a, b) => a[1] - b[1]);
}

test("coordinates are those of the grid in double precision", () => {
  const few = new Points([0.1, 0, 0.3, 1], [0, 1, 65535], [0, 2, 65535]);
  assert.deepEqual([...few.x], [0.1, 0.1 + 0.3, 0.1 + 65535 * 0.3]);
  assert.deepEqual(few.bounds, { left: 0.1, right: 0.1 + 65535 * 0.3, bottom: 0, top: 65535 });
  assert.equal(few.extent, 65535);
});

test("the nearest items are those that a look at all of them finds", () => {
  for (let trial = 0; trial < 40; trial++) {
    const [x, y] = [-4 + 15 * random(), 9 + 9 * random()];
    for (const isShown of [() => true, everyThird]) {
      const expected = byDistance(x, y, isShown);
      assert.deepEqual(points.nearest(x, y, 5, isShown), expected.slice(0, 5));
      const [item, distance] = expected[0];
      assert.equal(points.at(x, y, distance * 1.0001, isShown), item);
      assert.equal(points.at(x, y, distance * 0.999, isShown), -1);
    }
  }
});

test("fewer items than are asked for are all that there are", () => {
  assert.equal(points.nearest(0, 0, 9, (item) => item === 4).length, 1);
  assert.deepEqual(
    points.nearest(0, 0, 3, () => false),
    [],
  );
});

test("what is in view is what lies in the rectangle, or null where it is too much", () => {
  const box = { left: -1, right: 4, bottom: 11, top: 14 };
  const inside = all.filter(
    (i) => points.x[i] >= -1 && points.x[i] <= 4 && points.y[i] >= 11 && points.y[i] <= 14,
  );
  assert.ok(inside.length > 50);
  assert.deepEqual(
    points.inView(box, inside.length, () => true),
    inside,
  );
  assert.equal(
    points.inView(box, inside.length - 1, () => true),
    null,
  );
});

test("a key leads to the nearest item within 45 degrees of its direction", () => {
  const cross = new Points([0, 0, 1, 1], [100, 130, 111, 100, 90], [100, 100, 112, 120, 100]);
  const any = () => true;
  assert.equal(cross.next([100, 100], 0, [1, 0], any), 1);
  assert.equal(cross.next([100, 100], 0, [0, 1], any), 2);
  assert.equal(cross.next([100, 100], 0, [-1, 0], any), 4);
  assert.equal(cross.next([100, 100], 0, [0, -1], any), -1);
});

test("places in the same frame can turn into each other, others cannot", () => {
  const [columns, grid] = [cells(), /** @type {[number, number, number, number]} */ ([0, 0, 1, 1])];
  const one = new Points(grid, columns, columns);
  assert.ok(one.sharesFrame(new Points(grid, cells(), cells())));
  assert.ok(!one.sharesFrame(new Points([0, 0, 1, 2], columns, columns)));
  assert.ok(!one.sharesFrame(new Points(grid, columns.slice(1), columns.slice(1))));
  assert.ok(!one.sharesFrame(null));
});

test("a blend adds up to one, is the item on its dot, and changes continuously", () => {
  const total = (/** @type {[number, number][]} */ weights) =>
    weights.reduce((sum, [, weight]) => sum + weight, 0);
  const found = blend(
    [
      [3, 2],
      [5, 3],
      [8, 4],
    ],
    1,
  );
  assert.deepEqual(
    found.map(([item]) => item),
    [3, 5],
  );
  assert.ok(Math.abs(total(found) - 1) < 1e-12);
  assert.ok(found[0][1] > found[1][1]);
  assert.deepEqual(
    blend(
      [
        [3, 0.5],
        [5, 3],
        [8, 4],
      ],
      1,
    ),
    [[3, 1]],
  );
  const [, leaving] = blend(
    [
      [3, 2],
      [5, 4 - 1e-9],
      [8, 4],
    ],
    1,
  );
  assert.ok(leaving[1] < 1e-12);
  assert.deepEqual(shortened([[3, 0.123456]]), [[3, 0.1235]]);
});

test("a place is a mean of no more items than the server takes", () => {
  assert.ok(BLENDED <= MOST_ITEMS);
});

test("a message of points is a class for each item and two columns for each panel", () => {
  const dataset = new Dataset({
    header: {
      map: "m",
      digest: "d",
      grids: [
        [0, 0, 1, 1],
        [5, 5, 2, 2],
      ],
      priors: [[], []],
    },
    arrays: [
      [0, 1],
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ],
  });
  assert.deepEqual([...dataset.panels[1].x], [15, 17]);
  assert.deepEqual([...dataset.panels[0].y], [3, 4]);
});
