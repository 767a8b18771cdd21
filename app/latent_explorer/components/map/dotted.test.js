import assert from "node:assert/strict";
import { test } from "node:test";

import { isCrowd, stamping } from "./dotted.js";
import { Points } from "./points.js";

const SIDE = 600;

/**
 * How many pixels a map of so many items on a lattice has, each on one of its own.
 * @param {number} count
 * @param {{places?: import("./travel.js").Places | null, isMoving?: boolean}} more
 */
function painted(count, { places = null, isMoving = false } = {}) {
  const cells = (/** @type {(i: number) => number} */ of) =>
    Uint16Array.from({ length: count }, (_, i) => of(i));
  const points = new Points(
    [0, 0, 1, 1],
    cells((i) => 40 + 2 * (i % 256)),
    cells((i) => 20 + Math.floor(i / 256)),
  );
  const image = { width: SIDE, height: SIDE, pixels: new Uint32Array(SIDE * SIDE) };
  const view = { cx: SIDE / 2, cy: SIDE / 2, scale: 1 };
  const classes = new Uint8Array(count);
  const scene = {
    points,
    places,
    classes,
    isShown: [true],
    view,
    size: { width: SIDE, height: SIDE },
    radius: 1,
  };
  stamping(image, scene, 1)([0xff0000ff], null, isMoving);
  return image.pixels;
}

const filled = (/** @type {Uint32Array} */ pixels) => pixels.filter((value) => value === 0xff0000ff).length;

test("few items are all drawn, whether the view moves or not", () => {
  assert.equal(filled(painted(5000)), 5000);
  assert.deepEqual(painted(5000, { isMoving: true }), painted(5000));
});

test("items on their way are drawn where they are", () => {
  const x = Float64Array.from({ length: 100 }, (_, i) => 40 + 2 * (i % 256));
  const y = Float64Array.from({ length: 100 }, (_, i) => 20 + Math.floor(i / 256));
  assert.deepEqual(painted(100, { places: { x, y } }), painted(100));
});

test("of very many items every so manieth is drawn while the view moves, and all when it is still", () => {
  const columns = SIDE - 4;
  const count = 2 * columns * columns; // two on a pixel, beside each other in a bucket
  const cell = (/** @type {number} */ i) => Math.floor(i / 2);
  const points = new Points(
    [0, 0, 1, 1],
    Uint16Array.from({ length: count }, (_, i) => 2 + (cell(i) % columns)),
    Uint16Array.from({ length: count }, (_, i) => 2 + Math.floor(cell(i) / columns)),
  );
  const view = { cx: SIDE / 2, cy: SIDE / 2, scale: 1 };
  const size = { width: SIDE, height: SIDE };
  const scene = {
    points,
    places: null,
    classes: new Uint8Array(count),
    isShown: [true],
    view,
    size,
    radius: 1,
  };
  const [still, moving] = [false, true].map((isMoving) => {
    const image = { width: SIDE, height: SIDE, pixels: new Uint32Array(SIDE * SIDE) };
    stamping(image, scene, 1)([0xff0000ff], null, isMoving);
    return filled(image.pixels);
  });
  assert.equal(still, columns * columns);
  assert.ok(moving <= 120_000 && moving > 80_000);
});

test("a crowd is what is in view, not what the map holds", () => {
  const cells = (/** @type {number} */ seed) =>
    Uint16Array.from({ length: 130_000 }, (_, i) => (i * seed) % 65_536);
  const points = new Points([0, 0, 1, 1], cells(40_503), cells(30_011));
  const scene = {
    points,
    places: null,
    classes: new Uint8Array(points.count),
    isShown: [true],
    size: { width: SIDE, height: SIDE },
    radius: 1,
  };
  const whole = { cx: 32_768, cy: 32_768, scale: SIDE / 65_536 };
  assert.ok(isCrowd({ ...scene, view: whole }));
  assert.ok(!isCrowd({ ...scene, view: { ...whole, scale: 4 * whole.scale } }));
});
