import assert from "node:assert/strict";
import { test } from "node:test";

import { boxInView, cornersOf, panned, rounded, toData, toScreen, wholeView, zoomed } from "./view.js";

const SIZE = { width: 400, height: 300 };
const VIEW = { cx: 2, cy: -1, scale: 8 };

/** @type {(found: readonly number[], expected: readonly number[]) => void} */
function close(found, expected) {
  found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-9, `${found} is not ${expected}`));
}

test("the middle of the view is the middle of the plot, up is up, and the way back leads back", () => {
  assert.deepEqual(toScreen(VIEW, SIZE, [2, -1]), [200, 150]);
  assert.deepEqual(toScreen(VIEW, SIZE, [3, 0]), [208, 142]);
  close(toData(VIEW, SIZE, toScreen(VIEW, SIZE, [5.5, 7.25])), [5.5, 7.25]);
  assert.deepEqual(boxInView(VIEW, SIZE, 8), { left: -24, right: 28, bottom: -20.75, top: 18.75 });
});

test("the whole view holds every point and every prior, and no posterior", () => {
  const bounds = { left: 0, right: 10, bottom: 0, top: 5 };
  const ellipse = { centre: /** @type {[number, number]} */ ([10, 2]), label: "", class: null, sigmas: 2 };
  const prior = {
    ...ellipse,
    radii: /** @type {[number, number]} */ ([4, 1]),
    tilt: 0,
    kind: /** @type {const} */ ("prior"),
  };
  const whole = wholeView(bounds, [prior, { ...prior, kind: "posterior", radii: [900, 900] }], SIZE);
  close([whole.cx, whole.cy], [7, 2.5]);
  close([whole.scale], [(400 - 28) / 14]);
  const turned = wholeView(bounds, [{ ...prior, tilt: Math.PI / 2 }], SIZE);
  close([turned.cx, turned.cy], [5.5, 2]);
});

test("the whole view holds every corner of a region", () => {
  const bounds = { left: 0, right: 10, bottom: 0, top: 5 };
  const region = {
    rings: [
      [-4, 1, 2, 1, 2, 3],
      [9, 9, 10, 9, 10, 10],
    ],
    label: "",
    class: null,
    share: 0.9,
    kind: /** @type {const} */ ("prior"),
  };
  assert.deepEqual(cornersOf(region.rings[0]), [
    [-4, 1],
    [2, 1],
    [2, 3],
  ]);
  const whole = wholeView(bounds, [region], SIZE);
  close([whole.cx, whole.cy], [3, 5]);
});

test("a map that is moved follows the pointer", () => {
  const [x, y] = toData(VIEW, SIZE, [50, 60]);
  close(toScreen(panned(VIEW, 13, -7), SIZE, [x, y]), [63, 53]);
});

test("a place that is zoomed in on stays where it is, within bounds", () => {
  const at = /** @type {[number, number]} */ ([310, 40]);
  const closer = zoomed(VIEW, SIZE, 8, 3, at);
  assert.equal(closer.scale, 24);
  close(toData(closer, SIZE, at), toData(VIEW, SIZE, at));
  assert.equal(zoomed(VIEW, SIZE, 8, 1e9, at).scale, 3200);
  assert.equal(zoomed(VIEW, SIZE, 8, 1e-9, at).scale, 2);
});

test("a selection has as many decimals as the screen can show", () => {
  assert.deepEqual(rounded([[1.23456, 2.34567]], 8), [[1.23, 2.35]]);
  assert.deepEqual(rounded([[1.23456, 2.34567]], 0.2), [[1, 2]]);
  assert.deepEqual(rounded([[0.123456, 0]], 1e9), [[0.123456, 0]]);
});
