import assert from "node:assert/strict";
import { test } from "node:test";

import { blocksOf, codesAt, movedTo } from "./plane.js";

/** @typedef {import("./panel.js").Plane} Plane */

/** @type {Plane} */
const ofOneBlock = {
  axes: [
    ["z", 1],
    ["z", 0],
  ],
  whole: true,
};

/** @type {Plane} */
const ofTwo = {
  axes: [
    ["z_floor", 0],
    ["z_wall", 0],
  ],
  whole: true,
};

test("a place moves the dimensions that its axes are", () => {
  assert.deepEqual(movedTo(ofOneBlock, [2, -1]), { z: { 1: 2, 0: -1 } });
  assert.deepEqual(movedTo(ofTwo, [2, -1]), { z_floor: { 0: 2 }, z_wall: { 0: -1 } });
  assert.deepEqual(blocksOf(ofTwo), ["z_floor", "z_wall"]);
  assert.deepEqual(blocksOf(null), []);
});

test("codes of a whole plane have their dimensions in order, whichever axis they are", () => {
  const places = [
    { x: 2, y: -1 },
    { x: 3, y: 0.5 },
  ];
  assert.deepEqual(codesAt(ofOneBlock, places), {
    z: [
      [-1, 2],
      [0.5, 3],
    ],
  });
  assert.deepEqual(codesAt(ofTwo, places), { z_floor: [[2], [3]], z_wall: [[-1], [0.5]] });
});
