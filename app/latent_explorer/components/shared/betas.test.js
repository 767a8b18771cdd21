import assert from "node:assert/strict";
import { test } from "node:test";

import { alike, Betas, pageBetas } from "./betas.js";

/** @param {string} model */
function follower(model) {
  /** @type {string[]} */
  const heard = [];
  return {
    heard,
    model: () => model,
    moved: (/** @type {import("./betas.js").Moved} */ { block, betas }) =>
      void heard.push(`${block} ${betas[block]}`),
    touched: (/** @type {string} */ block) => void heard.push(`near ${block}`),
  };
}

test("those who show the model hear of a move, but not who moved it", () => {
  const [mover, other, another] = [follower("a"), follower("a"), follower("b")];
  const betas = new Betas();
  for (const each of [mover, other, another]) betas.follow(each);
  betas.touch("a", "z");
  betas.move({ model: "a", block: "z", betas: { z: 2 } }, { by: mover });
  assert.deepEqual(
    [mover, other, another].map(({ heard }) => heard),
    [["near z"], ["near z", "z 2"], []],
  );
});

test("who has ended following hears nothing more, and who hears of no touch needs not", () => {
  const [gone, silent] = [follower("a"), follower("a")];
  const betas = new Betas();
  const end = betas.follow(gone);
  betas.follow({ model: silent.model, moved: silent.moved });
  end();
  betas.touch("a", "z");
  betas.move({ model: "a", block: "z", betas: { z: 2 } });
  assert.deepEqual([gone.heard, silent.heard], [[], ["z 2"]]);
});

test("what is held outlasts the word of the script until it is let go", () => {
  const betas = new Betas();
  const moved = { model: "a", block: "z", betas: { z: 2 } };
  betas.move(moved, { held: true });
  assert.equal(betas.heldOf("a"), moved);
  assert.equal(betas.heldOf("b"), null);
  betas.release();
  assert.equal(betas.heldOf("a"), null);
  betas.move(moved); // a key: nothing is held
  assert.equal(betas.heldOf("a"), null);
});

test("betas are alike where every block has the same", () => {
  assert.ok(alike({ a: 1, b: 2 }, { b: 2, a: 1 }));
  assert.ok(!alike({ a: 1, b: 2 }, { a: 1, b: 3 }));
  assert.ok(!alike({ a: 1 }, { a: 1, b: 3 }));
  assert.ok(alike({}, {}));
});

test("there is one for the page", () => assert.equal(pageBetas(), pageBetas()));

test("a handle that goes there and back, and tells of no change, is let go with the pointer", () => {
  const page = /** @type {any} */ (globalThis);
  page.document = new EventTarget();
  const betas = new Betas();
  const moved = { model: "a", block: "z", betas: { z: 2 } };
  betas.move(moved, { held: true });
  betas.move(moved, { held: true });
  assert.equal(betas.heldOf("a"), moved);
  page.document.dispatchEvent(new Event("pointerup"));
  assert.equal(betas.heldOf("a"), null);
  delete page.document;
});
