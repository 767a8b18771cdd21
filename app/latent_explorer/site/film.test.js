import assert from "node:assert/strict";
import { test } from "node:test";

import { Film } from "./film.js";

const header = {
  shape: [6, 1, 1, 1],
  item: 0,
  codes: { z: [[0, 0.5]], y: [[1, 0]] },
  betas: { z: 1 },
  said: [0.9, 0.1],
  labelled: [],
  handles: [{ block: "z", dimension: 1, values: [-1, 0, 1], from: 1, below: [] }],
  every: { from: 4, count: 2, kept: ["z"] },
};
const film = new Film("m", header, Uint8Array.of(10, 11, 12, 13, 14, 15));

/** @type {(request: object) => number[] | null} */
const shown = (request) => {
  const answer = film.answer({ model: "m", ...request });
  return answer && Array.from(answer.pixels);
};

test("the start, a handle at its nearest position, and every class are there", () => {
  assert.deepEqual(shown({ mix: { z: [[[0, 1]]], y: [[[0, 1]]] } }), [10]);
  assert.deepEqual(shown({ codes: header.codes }), [10]);
  assert.deepEqual(
    shown({
      codes: {
        z: [
          [0, -0.9],
          [0, 0.8],
        ],
        y: [
          [1, 0],
          [1, 0],
        ],
      },
    }),
    [11, 13],
  );
  assert.deepEqual(
    shown({
      codes: {
        z: [
          [0, 0.5],
          [0, 0.5],
        ],
      },
      label: [0, 1],
    }),
    [14, 15],
  );
});

test("nothing else is", () => {
  assert.equal(shown({ mix: { z: [[[1, 1]]], y: [[[1, 1]]] } }), null);
  assert.equal(shown({ codes: { z: [[0.3, 0.5]], y: [[1, 0]] } }), null);
  assert.equal(shown({ codes: { z: [[0.3, 0.2]], y: [[1, 0]] } }), null);
  assert.equal(shown({ codes: header.codes, betas: { z: 2 } }), null);
  assert.equal(shown({ draw: { seed: 0 } }), null);
  assert.equal(film.answer({ model: "other", codes: header.codes }), null);
});

test("the class goes along where it is asked for", () => {
  assert.deepEqual(film.answer({ model: "m", codes: header.codes, classes: true })?.classes, [[0.9, 0.1]]);
});
