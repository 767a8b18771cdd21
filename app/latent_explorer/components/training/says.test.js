import assert from "node:assert/strict";
import { test } from "node:test";

import { changed, duration, sentence, sentences } from "./says.js";

test("durations", () => {
  assert.deepEqual([-1, 12.4, 100, 3700, 7500].map(duration), [
    "0 s",
    "12 s",
    "2 min",
    "62 min",
    "2 h 5 min",
  ]);
});

test("where a run stands, in one line", () => {
  const status = {
    state: "running",
    step: 1200,
    steps: 2000,
    epoch: 3,
    epochs: 20,
    steps_a_second: 410.2,
    left: 7,
  };
  assert.equal(
    sentence(status),
    "is training · epoch 3 of 20 · step 1,200 of 2,000 · 410 steps a second · 7 s left",
  );
  assert.equal(sentence({ state: "queued" }), "waits for its turn");
  assert.equal(sentence({ ...status, state: "paused" }), "is paused · epoch 3 of 20 · step 1,200 of 2,000");
});

test("what a change is called", () => {
  assert.equal(changed({ name: "beta_z", after: 4 }), "β z 4");
  assert.equal(changed({ name: "learning_rate", after: 0.00012345 }), "learning rate 0.000123");
});

test("what is said is sentences, each with its end", () => {
  const all = ["stopped at step 3; “Go on” takes it up again", "", undefined, "Its map begins."];
  assert.equal(sentences(all), "Stopped at step 3; “Go on” takes it up again. Its map begins.");
});
