import assert from "node:assert/strict";
import { test } from "node:test";

import { Settling } from "./settling.js";

test("a view that moves is still a moment after it last moved, once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let times = 0;
  const settling = new Settling(() => times++);
  assert.equal(settling.pending, false);
  settling.start();
  t.mock.timers.tick(100);
  settling.start();
  t.mock.timers.tick(100);
  assert.deepEqual([settling.pending, times], [true, 0]);
  t.mock.timers.tick(100);
  assert.deepEqual([settling.pending, times], [false, 1]);
  settling.start();
  settling.cancel();
  t.mock.timers.tick(1000);
  assert.deepEqual([settling.pending, times], [false, 1]);
});
