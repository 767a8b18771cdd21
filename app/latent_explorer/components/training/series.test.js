import assert from "node:assert/strict";
import { test } from "node:test";

import { byStep, curvesOf, isScore, named } from "./series.js";

test("what is on the scale of the loss stands apart from rates and penalties", () => {
  const terms = ["loss", "distortion", "distortion_x", "rate_z_l", "class_term", "total_correlation_z"];
  assert.deepEqual(terms.filter(isScore), ["loss", "distortion", "distortion_x"]);
  assert.equal(named("rate_z_l"), "KL z_l");
});

test("validation losses lie at the ends of their epochs", () => {
  assert.deepEqual(
    byStep(
      [
        [1, 30],
        [3, 20],
      ],
      { steps: 200, epochs: 20 },
    ),
    { steps: [10, 30], values: [30, 20] },
  );
  assert.deepEqual(byStep([[1, 30]], {}).steps, [0]);
});

test("the curves of a run in two plots, its validation among them", () => {
  const run = /** @type {any} */ ({
    steps: [1, 2],
    validation: [[1, 9]],
    status: { state: "running", steps: 10, epochs: 2 },
  });
  const { scores, rates } = curvesOf(run, { loss: [3, 2], rate_z: [0, 1] }, ["a", "b", "c"], false);
  assert.deepEqual(
    scores.map(({ name, colour }) => [name, colour]),
    [
      ["loss", "a"],
      ["validation", "c"],
    ],
  );
  assert.deepEqual(
    rates.map(({ name, steps }) => [name, steps]),
    [["KL z", [1, 2]]],
  );
});
