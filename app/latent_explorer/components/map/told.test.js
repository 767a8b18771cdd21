import assert from "node:assert/strict";
import { test } from "node:test";

import { Told } from "./told.js";

test("a value is an order when it changes, and an echo is none", () => {
  const told = new Told();
  assert.equal(told.accepts(null), true);
  assert.equal(told.accepts(null), false);
  told.reports(5);
  assert.equal(told.accepts(null), false); // a run that began before the report
  assert.equal(told.accepts(5), false); // the echo
  assert.equal(told.accepts(7), true);
  assert.equal(told.accepts(5), true);
});

test("the echo of a newer report is also that of the older ones", () => {
  const told = new Told();
  told.reports(1);
  told.reports(2);
  assert.equal(told.accepts(2), false);
  assert.equal(told.accepts(1), true);
});
