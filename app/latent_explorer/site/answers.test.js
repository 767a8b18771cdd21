import assert from "node:assert/strict";
import { test } from "node:test";

import { Answers } from "./answers.js";

/** @type {import("./answers.js").Told} */
const told = {
  inputs: { decode: ["z_l", "z_u", "beta_z_u"] },
  latents: ["z_l", "z_u"],
  coded: ["z_l", "z_u"],
  sizes: { z_l: 1, z_u: 2 },
  classes: 2,
  labelled: true,
  below: {},
  betas: { z_u: { usual: 1, low: 0.5, high: 2 } },
  priors: [
    { name: "z_l", given: ["y"], latent: true, form: "normal", by: "table" },
    { name: "z_u", given: [], latent: true, form: "normal", by: "table" },
  ],
  shape: [1, 1, 1],
};

/** A model whose picture is the sum of its code and of beta, and what it was fed. */
function model() {
  /** @type {any[]} */
  const fed = [];
  const answers = new Answers(told, {
    tables: {
      "z_l.mean": { width: 1, data: Float32Array.of(10, 20) },
      "z_l.log_variance": { width: 1, data: Float32Array.of(0, 0) },
      "z_u.mean": { width: 2, data: Float32Array.of(1, 2) },
      "z_u.log_variance": { width: 2, data: Float32Array.of(0, 0) },
    },
    grid: { z_u: [0.5, 2] },
    run: async (_, inputs) => {
      fed.push(inputs);
      const [count] = inputs.z_l.dims;
      const data = Uint8Array.from(
        { length: count },
        (__, n) =>
          inputs.z_l.data[n] + inputs.z_u.data[2 * n] + inputs.z_u.data[2 * n + 1] + inputs.beta_z_u.data[n],
      );
      return { picture: { dims: [count, 1, 1, 1], data } };
    },
    encodings: async (point) => ({
      codes: {
        z_l: { width: 1, values: [5, 7], low: null, step: null },
        z_u: { width: 2, values: [point, 0, point, 1], low: null, step: null },
      },
      labels: [0, 1],
    }),
  });
  return { answers, fed };
}

/** @type {(request: object) => Promise<number[]>} */
const shown = async (request) =>
  Array.from((await model().answers.answer({ model: "m", ...request })).pixels);

test("items, sums of them, and moves", async () => {
  assert.deepEqual(await shown({ mix: { z_l: [[[1, 1]]], z_u: [[[1, 1]]] }, betas: { z_u: 2 } }), [
    7 + 1 + 1 + 2,
  ]);
  assert.deepEqual(
    await shown({
      mix: {
        z_l: [
          [
            [0, 0.5],
            [1, 0.5],
          ],
        ],
        z_u: [[[0, 1]]],
      },
      betas: { z_u: 2 },
    }),
    [6 + 1 + 2],
  );
  assert.deepEqual(await shown({ codes: { z_l: [[3]], z_u: [[1, 1]] }, move: { z_u: { 1: 9 } } }), [
    3 + 1 + 9 + 1,
  ]);
});

test("a class puts what reads it at its prior, and what is kept stays", async () => {
  assert.deepEqual(
    await shown({
      codes: {
        z_u: [
          [4, 4],
          [4, 4],
        ],
      },
      label: [0, 1],
    }),
    [10 + 8 + 1, 20 + 8 + 1],
  );
});

test("what nothing fixes is the mean of its prior, or at temperature 0 the same drawn", async () => {
  assert.deepEqual(await shown({ label: [1] }), [20 + 3 + 1]);
  assert.deepEqual(await shown({ label: [1], draw: { seed: 3, temperature: 0 } }), [24]);
});

test("without a class a prior that reads it says what is lacking", async () => {
  await assert.rejects(shown({ n: 2 }), /choose a class/);
});

test("many rows are run some at a time, and a beta beyond the range counts as its end", async () => {
  const { answers, fed } = model();
  const codes = { z_l: Array(300).fill([1]), z_u: Array(300).fill([0, 0]) };
  const answer = await answers.answer({ model: "m", codes, betas: { z_u: 99 } });
  assert.equal(answer.pixels.length, 300);
  assert.deepEqual(
    fed.map((inputs) => inputs.z_l.dims[0]),
    [128, 128, 44],
  );
  assert.equal(answer.pixels[299], 3);
});
