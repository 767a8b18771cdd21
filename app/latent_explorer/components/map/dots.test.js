import assert from "node:assert/strict";
import { test } from "node:test";

import { disc, hard, MANY, stamp } from "./dots.js";
import { mix, pixel } from "./theme.js";

const [WHITE, RED, BLUE] = [0xffffffff, pixel([255, 0, 0]), pixel([0, 0, 255])];

/**
 * An image of 9 x 9 with dots at these places.
 * @param {number[]} xs
 * @param {number[]} ys
 * @param {{classes?: number[], isShown?: boolean[], selected?: number[] | null}} more
 */
function stamped(xs, ys, { classes = xs.map(() => 0), isShown = [true, true], selected = null } = {}) {
  const image = { width: 9, height: 9, pixels: new Uint32Array(81).fill(WHITE) };
  const items = {
    spans: [/** @type {[number, number]} */ ([0, xs.length])],
    order: Uint32Array.from(xs, (_, i) => i),
    xs,
    ys,
    step: 1,
    sorted: false,
    classes,
    isShown,
  };
  stamp(image, disc(1, 9), [RED, BLUE], items, { left: 4, top: 4, scaleX: 1, scaleY: 1 }, selected);
  return (/** @type {number} */ x, /** @type {number} */ y) => image.pixels[y * 9 + x];
}

test("colours are mixed by channel, and a pixel is opaque", () => {
  assert.deepEqual(mix([0, 100, 200], [100, 100, 0], 0.25), [25, 100, 150]);
  assert.equal(pixel([0x11, 0x22, 0x33]), 0xff332211);
});

test("a disc is symmetric, full in its middle and soft at its rim", () => {
  const dot = disc(2.3, 1000);
  const sum = (/** @type {Int32Array} */ offsets) => offsets.reduce((total, offset) => total + offset, 0);
  assert.ok(dot.full.includes(0));
  assert.equal(sum(dot.full) + sum(dot.rim), 0);
  assert.ok(dot.covers.every((cover) => cover > 0 && cover < 256));
  const area = dot.full.length + sum(dot.covers) / 256;
  assert.ok(Math.abs(area - Math.PI * 2.3 ** 2) < 1.5);
});

test("a disc without a soft rim is about as large, and all full", () => {
  const [soft, filled] = [disc(2.3, 1000), hard(disc(2.3, 1000))];
  assert.equal(filled.rim.length, 0);
  assert.equal(filled.reach, soft.reach);
  assert.ok(Math.abs(filled.full.length - Math.PI * 2.3 ** 2) < 5);
  assert.ok(hard(disc(0.4, 1000)).full.includes(0)); // the smallest is still there
});

test("a dot is painted where its item is, up being up, and blends at its rim", () => {
  const at = stamped([2], [1]);
  assert.equal(at(6, 3), RED);
  assert.notEqual(at(7, 4), RED);
  assert.notEqual(at(7, 4), WHITE);
  assert.equal(at(1, 1), WHITE);
});

test("hidden classes, what is not selected and what the border would cut are left out", () => {
  const at = stamped([0, -3, 4, 3], [0, 0, 0, 3], {
    classes: [0, 1, 0, 1],
    isShown: [true, false],
  });
  assert.equal(at(4, 4), RED);
  assert.equal(at(1, 4), WHITE); // hidden
  assert.equal(at(8, 4), WHITE); // at the border
  const chosen = stamped([0, -2], [0, 2], { selected: [0, 1] });
  assert.equal(chosen(4, 4), WHITE);
  assert.equal(chosen(2, 2), RED);
});

test("many items are one dot a pixel, those of hidden classes and outside a selection none", () => {
  const [count, side] = [MANY + 60 * 60, 60];
  const place = (/** @type {number} */ i) => [i % side, Math.floor(i / side) % side];
  const xs = Float64Array.from({ length: count }, (_, i) => place(i)[0]);
  const ys = Float64Array.from({ length: count }, (_, i) => -place(i)[1]);
  const classes = Uint8Array.from({ length: count }, (_, i) => (place(i)[0] + place(i)[1]) % 3);
  const selected = Uint8Array.from({ length: count }, (_, i) => Number(place(i)[1] < 30));
  const dot = { reach: 0, full: Int32Array.of(0), rim: Int32Array.of(), covers: Int32Array.of() };
  const order = Uint32Array.from(xs, (_, i) => i);
  const to = { left: 0, top: 0, scaleX: 1, scaleY: 1 };
  const painted = (/** @type {number} */ end, /** @type {Uint8Array | null} */ chosen) => {
    const pixels = new Uint32Array(side * side).fill(WHITE);
    /** @type {[number, number][]} */
    const spans = [[0, end]];
    const items = { spans, step: 1, order, xs, ys, sorted: false, classes, isShown: [true, false, true] };
    stamp({ width: side, height: side, pixels }, dot, [RED, BLUE, BLUE], items, to, chosen);
    return pixels;
  };
  for (const chosen of [null, selected]) {
    const many = painted(count, chosen);
    assert.deepEqual(many, painted(side * side, chosen));
    assert.equal(new Set(many).size, 3);
  }
});

test("items that are sorted as on the map are painted as the others are", () => {
  const order = Uint32Array.of(2, 0, 1);
  const [xs, ys, classes] = [
    [-2, 2, 0],
    [0, 1, -2],
    [0, 1, 0],
  ];
  const sorted = (/** @type {number[]} */ values) => [...order].map((i) => values[i]);
  const both = [false, true].map((isSorted) => {
    const image = { width: 9, height: 9, pixels: new Uint32Array(81).fill(WHITE) };
    /** @type {[number, number][]} */
    const spans = [[0, 3]];
    const places = isSorted ? { xs: sorted(xs), ys: sorted(ys) } : { xs, ys };
    const items = { spans, step: 1, order, ...places, sorted: isSorted, classes, isShown: [true, true] };
    stamp(image, disc(1, 9), [RED, BLUE], items, { left: 4, top: 4, scaleX: 1, scaleY: 1 }, null);
    return image.pixels;
  });
  assert.deepEqual(both[0], both[1]);
  assert.equal(both[0][3 * 9 + 6], BLUE);
});
