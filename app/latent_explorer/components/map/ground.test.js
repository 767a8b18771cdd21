import assert from "node:assert/strict";
import { test } from "node:test";

import { gridOf } from "./ground.js";

const SIZE = { width: 420, height: 300 };

test("the pictures of a grid fill the view, and are 40 to 80 pixels wide", () => {
  for (const scale of [0.01, 3, 40, 41, 79, 80, 5000]) {
    const view = { cx: 0.3, cy: -7, scale };
    const { step, tiles } = gridOf(view, SIZE);
    assert.ok(step * scale >= 40 && step * scale < 80, `${step * scale} pixels`);
    const [xs, ys] = [tiles.map(({ x }) => x), tiles.map(({ y }) => y)];
    assert.ok(Math.min(...xs) - step / 2 <= 0.3 - 210 / scale);
    assert.ok(Math.max(...xs) + step / 2 >= 0.3 + 210 / scale);
    assert.ok(Math.min(...ys) - step / 2 <= -7 - 150 / scale);
    assert.ok(Math.max(...ys) + step / 2 >= -7 + 150 / scale);
    assert.equal(new Set(tiles.map(({ key }) => key)).size, tiles.length);
  }
});

test("a view that has moved shows the same points where it did before", () => {
  const [one, other] = [0, 0.2].map((cx) => gridOf({ cx, cy: 0, scale: 50 }, SIZE).tiles);
  const places = new Map(one.map(({ key, x, y }) => [key, `${x} ${y}`]));
  const shared = other.filter(({ key }) => places.has(key));
  assert.ok(shared.length >= one.length / 2);
  assert.ok(shared.every(({ key, x, y }) => places.get(key) === `${x} ${y}`));
});

test("wide pictures, as of tables, lie close upon each other", () => {
  const view = { cx: 0.3, cy: -7, scale: 50 };
  const { step, rise, tiles } = gridOf(view, SIZE, 0.5);
  assert.equal(rise, step / 2);
  const ys = [...new Set(tiles.map(({ y }) => y))].sort((a, b) => a - b);
  assert.ok(ys.slice(1).every((y, i) => Math.abs(y - ys[i] - rise) < 1e-9));
  assert.ok(ys[0] - rise / 2 <= -7 - 150 / 50 && (ys.at(-1) ?? 0) + rise / 2 >= -7 + 150 / 50);
});
