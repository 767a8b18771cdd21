import assert from "node:assert/strict";
import { test } from "node:test";

import { factorOf, hintFor, zooms } from "./wheel.js";

const turned = (/** @type {number} */ deltaY, more = {}) => ({
  ...{ deltaY, deltaMode: 0, ctrlKey: false, metaKey: false },
  ...more,
});

test("the wheel is the page's unless Ctrl or Cmd is held, or the map has the focus", () => {
  assert.ok(!zooms(turned(100), false));
  assert.ok(zooms(turned(100), true));
  assert.ok(zooms(turned(100, { ctrlKey: true }), false));
  assert.ok(zooms(turned(100, { metaKey: true }), false));
});

test("up magnifies, down the other way by as much, and a line is as long as sixteen pixels", () => {
  assert.ok(factorOf(turned(-100)) > 1);
  assert.ok(Math.abs(factorOf(turned(-100)) * factorOf(turned(100)) - 1) < 1e-12);
  assert.equal(factorOf(turned(-3, { deltaMode: 1 })), factorOf(turned(-48)));
});

test("a pinch magnifies by more a pixel than a wheel, and neither by more than half", () => {
  assert.ok(factorOf(turned(-4, { ctrlKey: true })) > factorOf(turned(-4)));
  for (const event of [turned(-5000), turned(-120, { ctrlKey: true }), turned(-9, { deltaMode: 2 })]) {
    assert.ok(factorOf(event) <= 1.5);
    assert.ok(factorOf({ ...event, deltaY: -event.deltaY }) >= 1 / 1.5);
  }
});

test("the hint names the key of the machine", () => {
  assert.match(hintFor("Linux x86_64"), /^Ctrl/);
  assert.match(hintFor("MacIntel"), /^⌘/);
});
