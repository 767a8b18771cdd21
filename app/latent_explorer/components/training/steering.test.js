import assert from "node:assert/strict";
import { test } from "node:test";

import { flat } from "./steering.js";

test("a beta of two blocks is two numbers", () => {
  assert.deepEqual(
    flat({ beta: { z_l: 1, z_u: 4 }, learning_rate: 0.001 }).map(({ label, value }) => [label, value]),
    [
      ["β(z_l)", 1],
      ["β(z_u)", 4],
      ["learning rate", 0.001],
    ],
  );
  assert.deepEqual(flat({ beta: 2 })[0], { name: "beta", block: "", value: 2, label: "β" });
  assert.deepEqual(flat({}), []);
});
