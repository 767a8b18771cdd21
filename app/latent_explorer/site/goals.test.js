import assert from "node:assert/strict";
import { test } from "node:test";

import { done, holds } from "./goals.js";

test("a condition holds of what it is written for, and of nothing that is not there", () => {
  assert.ok(holds({ fact: "beta_z", least: 4 }, 4));
  assert.ok(!holds({ fact: "beta_z", least: 4 }, 3.9));
  assert.ok(!holds({ fact: "beta_z", above: 4 }, 4));
  assert.ok(holds({ fact: "rate_z", least: 10, most: 12 }, 11.5));
  assert.ok(!holds({ fact: "rate_z", least: 10, most: 12 }, null));
  assert.ok(!holds({ fact: "moved", least: 0 }, true));
  assert.ok(holds({ fact: "page", anyOf: ["traverse"] }, ["interpolate", "traverse"]));
  assert.ok(holds({ fact: "class", anyOf: ["8"] }, "8.0"));
  assert.ok(!holds({ fact: "class", noneOf: "all" }, null));
  assert.ok(holds({ fact: "class", noneOf: "all" }, "3"));
  assert.ok(holds({ fact: "class", present: false }, null));
  assert.ok(holds({ fact: "item", present: true }, 3));
});

test("a fact is asked for only where those before it hold", async () => {
  /** @type {string[]} */
  const asked = [];
  const fact = (/** @type {string} */ name) => {
    asked.push(name);
    return name;
  };
  const goal = [
    { fact: "a", anyOf: ["b"] },
    { fact: "c", anyOf: ["c"] },
  ];
  assert.equal(await done(goal, fact), false);
  assert.deepEqual(asked, ["a"]);
  assert.equal(await done(goal.slice(1), fact), true);
  assert.equal(await done([], fact), false);
});
