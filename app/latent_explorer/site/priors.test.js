import assert from "node:assert/strict";
import { test } from "node:test";

import { Generator } from "./draws.js";
import { drawOf, meanOf } from "./priors.js";

/** @type {(width: number, ...data: number[]) => import("./priors.js").Rows} */
const rows = (width, ...data) => ({ width, data: Float32Array.from(data) });

test("the mean of a mixture is the weighted mean of its parts, and one row stands for all", () => {
  const mixture = {
    log_weights: rows(2, Math.log(0.25), Math.log(0.75)),
    means: rows(4, 0, 0, 4, 8),
    log_variances: rows(4, 0, 0, 0, 0),
  };
  const { width, data } = meanOf("mixture", mixture, 2);
  assert.equal(width, 2);
  assert.deepEqual([...data].map(Math.round), [3, 6, 3, 6]);
});

test("a class is the most probable one", () => {
  assert.deepEqual([...meanOf("class", { probabilities: rows(3, 0.2, 0.5, 0.3) }, 1).data], [0, 1, 0]);
});

test("without temperature a draw of a Gaussian is its mean, and of a mixture the mean of one part", () => {
  const normal = { mean: rows(2, 1, 2), log_variance: rows(2, 0, 0) };
  assert.deepEqual([...drawOf("normal", normal, 2, new Generator(0), 0).data], [1, 2, 1, 2]);
  const mixture = { log_weights: rows(2, 0, 0), means: rows(2, -5, 5), log_variances: rows(2, 0, 0) };
  const drawn = drawOf("mixture", mixture, 40, new Generator(0), 0).data;
  assert.deepEqual([...new Set(drawn)].sort(), [-5, 5]);
});
