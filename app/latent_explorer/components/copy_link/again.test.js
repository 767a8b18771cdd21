import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Again } from "./again.js";

/** @typedef {import("../shared/decoder.js").Decoder} Decoder */

beforeEach(() => mock.timers.reset());

/** What is asked while a connection comes and goes. */
function asking() {
  mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {(online: boolean) => void} */
  let tell = () => {};
  /** @type {number[]} */
  const asked = [];
  const decoder = /** @type {Decoder} */ (
    /** @type {unknown} */ ({
      watch: (/** @type {(online: boolean) => void} */ callback) => {
        tell = callback;
        return () => void (tell = () => {});
      },
    })
  );
  const again = new Again(decoder, (number) => void asked.push(number));
  return { again, asked, tell: (/** @type {boolean} */ online) => tell(online) };
}

test("a connection that comes for the first time asks nothing", () => {
  const { asked, tell } = asking();
  tell(true);
  mock.timers.tick(5000);
  assert.deepEqual(asked, []);
});

test("one that comes back asks until the script has run", () => {
  const { again, asked, tell } = asking();
  tell(true);
  tell(false);
  tell(true);
  for (let second = 0; second < 4; second++) mock.timers.tick(1000);
  assert.deepEqual(asked, [1, 1, 1]); // at once, after one second and after three
  again.answered(null); // another run
  for (let second = 0; second < 4; second++) mock.timers.tick(1000);
  assert.equal(asked.length, 4);
  again.answered(1);
  for (let second = 0; second < 20; second++) mock.timers.tick(1000);
  assert.equal(asked.length, 4);
});

test("lost again, it asks anew; ended, no more", () => {
  const { again, asked, tell } = asking();
  tell(false);
  tell(true);
  again.answered(1);
  tell(false);
  tell(true);
  assert.deepEqual(asked, [1, 2]);
  again.destroy();
  mock.timers.tick(5000);
  assert.deepEqual(asked, [1, 2]);
});
