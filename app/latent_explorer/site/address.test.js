import assert from "node:assert/strict";
import { test } from "node:test";

import { drawing, drawingText, read, usual, written } from "./address.js";

const known = {
  items: 100,
  classes: ["zero", "one"],
  names: ["zero", "one"],
  sizes: { z_l: 3, z_u: 2 },
  betas: { z_l: [0.25, 0.5, 1, 2, 4] },
  usual: { z_l: 1 },
  panels: ["z_l", "z_u"],
};

/** @type {(query: string) => ReturnType<typeof read>} */
const asked = (query) => read(new URLSearchParams(query), "m", "live", known);

test("what an address says comes back from it", () => {
  const standing = usual("m", "live", known);
  standing.state = {
    start: "prior",
    item: 0,
    label: 1,
    seed: 7,
    temperature: 0.5,
    moved: { z_u: { 1: -1.25 } },
    betas: { z_l: 2 },
  };
  standing.hidden = [1];
  standing.other = 9;
  standing.block = "z_u";
  standing.selection = {
    panel: "z_l",
    polygon: [
      [0, 1],
      [2, 3],
      [4, 5.5],
    ],
  };
  const text = written(standing, known, true).toString();
  assert.deepEqual(asked(text), { standing, notes: [] });
  assert.equal(written(usual("m", "live", known), known, true).toString(), "model=m&page=live");
});

test("a drawing goes along, in the app's own form", () => {
  const strokes = [{ width: 80, ink: 255, points: [500, 200, 510, 300] }];
  assert.equal(drawingText([{ width: 80, ink: 255, points: [500, 200] }]), "BQD_XcSw");
  assert.deepEqual(drawing(drawingText(strokes)), strokes);
  const { standing } = asked(`drawing=${drawingText(strokes)}`);
  assert.equal(standing.state.start, "own");
  assert.deepEqual(standing.strokes, strokes);
  assert.deepEqual(drawing("x"), []);
});

test("a long drawing loses points, not its ends", () => {
  const points = Array.from({ length: 2400 }, (_, i) => i % 1000);
  const [stroke] = drawing(drawingText([{ width: 80, ink: 255, points }]));
  assert.ok(stroke.points.length < 2400);
  assert.deepEqual(
    [...stroke.points.slice(0, 2), ...stroke.points.slice(-2)],
    [...points.slice(0, 2), ...points.slice(-2)],
  );
});

test("what a link asks for and is not there is said, and left as usual", () => {
  for (const query of [
    "item=100",
    "item=x",
    "item=1.5",
    "class=two",
    "move=z_l.9~1",
    "move=z_l.0",
    "temperature=9",
    "seed=-1",
    "beta_z_l=99",
  ]) {
    const { standing, notes } = asked(query);
    assert.equal(notes.length, 1, query);
    assert.deepEqual(standing, usual("m", "live", known), query);
  }
});

test("what a link asks for and cannot have is said, each in a sentence", () => {
  for (const [query, words] of [
    ["start=gone", "starts from “gone”"],
    ["start=own", "does not carry"],
    ["block=toString", "the block “toString”"],
    ["hidden=0,7", "from 0 to 1"],
    ["hidden=x", "hides the classes “x”"],
    ["selection=z_l~1~2", "selection cannot be read"],
    ["selection=z_x~0~0~1~1~2~2", "selection cannot be read"],
    ["drawing=<b>", "drawing cannot be read"],
    [`drawing=${"A".repeat(10000)}`, "drawing cannot be read"], // strokes that lie beside the paper
    ["move=toString.0~1", "moves cannot be read"],
    ["move=z_u.0~ ", "moves cannot be read"],
    ["to=x", "the item at the other end “x”"],
    [`seed=${"9".repeat(99)}`, `“${"9".repeat(40)}…”`],
  ]) {
    const { standing, notes } = asked(query);
    assert.equal(notes.length, 1, query);
    assert.ok(notes[0].includes(words), notes[0]);
    assert.deepEqual(standing, usual("m", "live", known), query);
  }
});
