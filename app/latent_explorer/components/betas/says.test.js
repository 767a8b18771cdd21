import assert from "node:assert/strict";
import { test } from "node:test";

import { count, reading, sentence } from "./says.js";

const WORDS = { latents: "style latents z_u", an: "an image" };
const KEPT = {
  betas: [1, 2, 4],
  rate: [20.7, 15, 0.01],
  error: [0.1, 0.1, 0.1],
  kl: [
    [12, 8.7],
    [12, 3],
    [0.01, 0],
  ],
  active: [
    [1, 1],
    [1, 0],
    [0, 0],
  ],
  total: [30, 25, 12],
  distortion: [66, 70, 90],
};

test("what fell asleep is counted, and the rate is said in nats and bits", () => {
  assert.equal(
    sentence(KEPT, WORDS, 1, 2),
    "From β = 1 to 2: one dimension of the style latents z_u fell asleep; the rate fell from 20.7 to 15.0 nats (29.9 to 21.6 bits); " +
      "the distortion rose from 66.0 to 70.0 nats.",
  );
  assert.match(
    sentence(KEPT, WORDS, 2, 1),
    /one dimension of the style latents z_u woke up; the rate rose from 15.0 to 20.7 nats/,
  );
  assert.match(
    sentence(KEPT, WORDS, 1, 4),
    /two dimensions .* fell asleep.* Every dimension is asleep: .* say nothing of an image/,
  );
});

test("between two measured betas nobody knows when a dimension fell asleep", () => {
  assert.equal(count(reading(KEPT, 1.5).active), "1 to 2");
  assert.equal(reading(KEPT, 1.5).error, null);
  const said = sentence(KEPT, WORDS, 1, 1.5);
  assert.match(
    said,
    /no dimensions of the style latents z_u fell asleep; one dimension changed within this step of the grid/,
  );
});

test("at one beta what is kept is said, and without a rate what is awake", () => {
  assert.match(
    sentence(KEPT, WORDS, 2, 2),
    /^At β = 2 the style latents z_u keep 15.0 nats .* with 1 of 2 dimensions awake/,
  );
  const bare = {
    ...KEPT,
    rate: [null, null, null],
    kl: [0, 1, 2].map(() => [null, null]),
    total: null,
    distortion: null,
  };
  assert.equal(
    sentence(bare, WORDS, 1, 2),
    "From β = 1 to 2: one dimension of the style latents z_u fell asleep.",
  );
});
