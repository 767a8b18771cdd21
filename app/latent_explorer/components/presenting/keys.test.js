import assert from "node:assert/strict";
import { test } from "node:test";

import { asks } from "./keys.js";

const pressed = (/** @type {string} */ key, more = {}) => ({
  ...{ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, defaultPrevented: false },
  composedPath: () => /** @type {EventTarget[]} */ ([]),
  ...more,
});
const at = (/** @type {boolean} */ typed, /** @type {unknown} */ within = null) => ({
  composedPath: () => /** @type {any} */ ([{ matches: () => typed, closest: () => within }]),
});

test("P begins and Esc ends, and neither the other way round", () => {
  assert.ok(asks(pressed("p"), false) && asks(pressed("P"), false) && asks(pressed("Escape"), true));
  assert.ok(!asks(pressed("p"), true) && !asks(pressed("Escape"), false) && !asks(pressed("x"), false));
});

test("a key that is held, with another one, typed, or used already asks for nothing", () => {
  for (const more of [{ repeat: true }, { ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
    assert.ok(!asks(pressed("p", more), false));
  }
  assert.ok(!asks(pressed("p", { defaultPrevented: true }), false));
  assert.ok(!asks(pressed("p", at(true)), false));
  assert.ok(asks(pressed("p", at(false)), false));
});

test("Esc shuts what is open first", () => {
  assert.ok(!asks(pressed("Escape", at(false, {})), true));
  assert.ok(asks(pressed("Escape", at(false)), true));
});
