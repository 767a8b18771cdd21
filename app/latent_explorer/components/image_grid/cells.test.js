import assert from "node:assert/strict";
import { test } from "node:test";

import { bitmap, cellAt, cellSize, collide, digest, GAP, stepped, within } from "./cells.js";

test("cells lie beside each other in the bitmap, grey and colour, square or not", () => {
  // Two rows of two cells, one pixel high and two wide.
  const grey = bitmap([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 1, 2, 1]);
  assert.deepEqual(
    [...grey].map((word) => word & 255),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  // One row of two cells, two pixels high and one wide: the rows of pixels interleave.
  const high = bitmap([1, 2, 3, 4], [1, 2, 2, 1, 1]);
  assert.deepEqual(
    [...high].map((word) => word & 255),
    [1, 3, 2, 4],
  );
  assert.deepEqual([...bitmap([1, 2, 3], [1, 1, 1, 1, 3])], [0xff030201]);
});

test("cells are as large as asked for or sensible, smaller where there is no room, and keep their shape", () => {
  assert.deepEqual(cellSize([1, 4, 28, 28, 1], 2, 2000), { width: 56, height: 56 });
  assert.deepEqual(cellSize([1, 4, 28, 28, 1], null, 2000), { width: 56, height: 56 }); // whole pixels
  assert.deepEqual(cellSize([1, 4, 64, 64, 1], null, 2000), { width: 72, height: 72 });
  assert.deepEqual(cellSize([1, 10, 28, 28, 1], 2, 430), { width: 40, height: 40 });
  assert.deepEqual(cellSize([1, 10, 28, 28, 1], 2, 10), { width: 20, height: 20 }); // then the grid scrolls
  assert.deepEqual(cellSize([1, 1, 8, 16, 1], 2, 900), { width: 32, height: 16 });
});

test("of tall images several rows stand on a screen, and wide ones take the room that there is", () => {
  assert.deepEqual(cellSize([20, 10, 40, 12, 1], null, 1000, 720), { width: 24, height: 80 });
  assert.deepEqual(cellSize([3, 10, 12, 6, 1], null, 1000, 720), { width: 54, height: 108 });
  assert.deepEqual(cellSize([3, 4, 200, 4, 1], null, 1000, 720), { width: 20, height: 1000 }); // narrower is not seen
  assert.deepEqual(cellSize([3, 10, 12, 60, 1], null, 1000, 720), { width: 97, height: 19 });
});

test("the cell under the pointer, and none beside them", () => {
  const size = { width: 20, height: 10 };
  assert.deepEqual(cellAt(0, 0, size, [2, 3]), [0, 0]);
  assert.deepEqual(cellAt(20 + GAP, 10 + GAP, size, [2, 3]), [1, 1]);
  assert.equal(cellAt(3 * (20 + GAP), 0, size, [2, 3]), null);
  assert.equal(cellAt(-1, 0, size, [2, 3]), null);
});

test("keys go from cell to cell and stay in the grid", () => {
  assert.deepEqual(stepped("ArrowRight", [0, 0], [2, 3]), [0, 1]);
  assert.deepEqual(stepped("ArrowUp", [0, 0], [2, 3]), [0, 0]);
  assert.deepEqual(stepped("ArrowDown", [1, 2], [2, 3]), [1, 2]);
  assert.equal(stepped("a", [1, 2], [2, 3]), null);
  assert.deepEqual(within([5, 5], [2, 3]), [1, 2]);
});

test("a digest tells bytes apart, also those at the end", () => {
  const bytes = new Uint8Array(new ArrayBuffer(11)).fill(3);
  const before = digest(bytes);
  assert.match(before, /^[0-9a-f]{8}$/);
  for (const i of [0, 5, 10]) {
    const other = bytes.slice();
    other[i] = 4;
    assert.notEqual(digest(other), before);
  }
});

test("headers collide where one reaches over a column that has a name", () => {
  assert.equal(collide([56, 30, 30], 49), false); // the first reaches over the labels
  assert.equal(collide([30, 56, 30], 49), true);
  assert.equal(collide([30, 56, 0, 30], 49), false); // over one without a name
  assert.equal(collide([30, 120, 0, 30], 49), true);
});

test("pictures grow with the window, and not beyond what its rows leave of it", () => {
  assert.deepEqual(cellSize([10, 11, 28, 28, 1], null, 2000, 720), { width: 56, height: 56 });
  assert.deepEqual(cellSize([10, 11, 28, 28, 1], null, 2000, 1080), { width: 76, height: 76 });
  assert.deepEqual(cellSize([1, 7, 28, 28, 1], null, 2000, 1080), { width: 84, height: 84 });
  assert.deepEqual(cellSize([40, 11, 28, 28, 1], null, 2000, 1080), { width: 56, height: 56 });
  assert.deepEqual(cellSize([1, 7, 28, 28, 1], 2, 2000, 720), { width: 56, height: 56 });
  assert.deepEqual(cellSize([1, 20, 28, 28, 1], null, 1000, 1080), { width: 47, height: 47 }); // no wider than there is room
});
