import assert from "node:assert/strict";
import { test } from "node:test";

/** @type {[string, any, (answer: any) => void][]} */
const asked = [];
/** @type {string[]} */
const withdrawn = [];
/** @type {any} */ (globalThis).latentExplorerDecoder = {
  ask: (/** @type {string} */ channel, /** @type {any} */ request, /** @type {any} */ onAnswer) =>
    void asked.push([channel, request, onAnswer]),
  withdraw: (/** @type {string} */ channel) => void withdrawn.push(channel),
};
const { Asking, cellOf, putCells } = await import("./following.js");

const SHAPE = [2, 3, 1, 2, 1];

test("pictures go into their columns, row after row", () => {
  const cells = { request: {}, row: 0, column: 1, columns: 2 };
  assert.deepEqual(
    [0, 1, 2, 3].map((k) => cellOf(cells, k, SHAPE)),
    [1, 2, 4, 5],
  );
  const pixels = new Uint8Array(12);
  assert.ok(putCells(pixels, SHAPE, cells, { shape: [4, 1, 2, 1], pixels: [1, 2, 3, 4, 5, 6, 7, 8] }));
  assert.deepEqual([...pixels], [0, 0, 1, 2, 3, 4, 0, 0, 5, 6, 7, 8]);
});

test("pictures of another size, and those beyond the grid, are not taken", () => {
  const cells = { request: {}, row: 1, column: 2, columns: 1 };
  assert.ok(!putCells(new Uint8Array(12), SHAPE, cells, { shape: [1, 2, 2, 1], pixels: [1, 2, 3, 4] }));
  assert.ok(!putCells(new Uint8Array(12), SHAPE, cells, { shape: [2, 1, 2, 1], pixels: [1, 2, 3, 4] }));
});

test("each part is asked for on a channel of its own, and late answers are dropped", () => {
  /** @type {string[]} */
  const heard = [];
  const asking = new Asking(({ row }) => void heard.push(`row ${row}`));
  const cells = (/** @type {number} */ row) => ({ request: { n: 2 }, row, column: 0, columns: 2 });
  const follow = { model: "a", betas: { z: 1 }, asks: [cells(0), cells(1)], ofBetas: false };
  asking.ask(follow, { z: 2 });
  assert.deepEqual(
    asked.map(([, request]) => request),
    [0, 1].map(() => ({ model: "a", n: 2, betas: { z: 2 } })),
  );
  assert.equal(new Set(asked.map(([channel]) => channel)).size, 2);
  const answer = { shape: [2, 1, 2, 1], pixels: [], codes: {} };
  asked[1][2](answer);
  asked[0][2]({ error: "no" });
  asking.stop();
  asked[0][2](answer);
  assert.deepEqual(heard, ["row 1"]);
  assert.deepEqual(
    withdrawn,
    asked.map(([channel]) => channel),
  );
});
