import assert from "node:assert/strict";
import { test } from "node:test";

import {
  aboutOf,
  count,
  ends,
  inEveryClass,
  folded,
  intoClass,
  movedAlong,
  nearestBeta,
  placeAlong,
  placeWords,
  shownAs,
  signed,
  startInWords,
  startOf,
  startOrDrawing,
  swept,
  without,
} from "./state.js";

/** @type {import("./state.js").State} */
const STATE = { start: "item", item: 8, label: null, seed: 4, temperature: 0.5, moved: {}, betas: {} };
const DATA = { classes: ["zero", "one"], latents: ["z_l", "z_u"], kept: ["z_u"], userImage: "AAAA" };

test("an item starts from its own codes, and with another class from those that a class leaves", () => {
  assert.deepEqual(startOf(STATE, DATA), { mix: { z_l: [[[8, 1]]], z_u: [[[8, 1]]] } });
  assert.deepEqual(startOf({ ...STATE, label: 1 }, DATA), { mix: { z_u: [[[8, 1]]] }, label: [1] });
});

test("an image of the visitor's own is encoded", () => {
  assert.deepEqual(startOf({ ...STATE, start: "own" }, DATA), {
    image: { pixels: "AAAA", latents: ["z_l", "z_u"] },
  });
  const other = startOf({ ...STATE, start: "own", label: 0 }, DATA);
  assert.deepEqual(other, { image: { pixels: "AAAA", latents: ["z_u"] }, label: [0] });
});

test("a drawing starts from its strokes, and no other start does", () => {
  const data = { ...DATA, centre: true };
  const strokes = [[[0.1, 0.2]]];
  const own = /** @type {import("./state.js").State} */ ({ ...STATE, start: "own" });
  const drawing = { strokes, latents: ["z_l", "z_u"], centre: true };
  const given = /** @type {any} */ (strokes);
  assert.deepEqual(startOrDrawing(own, data, given), { drawing });
  const other = startOrDrawing({ ...own, label: 1 }, data, given);
  assert.deepEqual(other, { drawing: { ...drawing, latents: ["z_u"] }, label: [1] });
  assert.deepEqual(startOrDrawing(own, data, undefined), startOf(own, data));
  assert.deepEqual(startOrDrawing(STATE, data, given), startOf(STATE, data));
});

test("a draw has a seed, a temperature and, where there are classes, one of them", () => {
  const draw = { seed: 4, temperature: 0.5 };
  assert.deepEqual(startOf({ ...STATE, start: "prior" }, DATA), { draw, label: [0] });
  assert.deepEqual(startOf({ ...STATE, start: "prior" }, { ...DATA, classes: [] }), { draw });
});

test("what is put back is no longer moved, and a block in which nothing is moved is gone", () => {
  const moved = { z_u: { 1: 2, 3: -1 }, z_l: { 0: 1 } };
  assert.equal(count(moved), 3);
  assert.deepEqual(without(moved, "z_u", 3), { z_u: { 1: 2 }, z_l: { 0: 1 } });
  assert.deepEqual(without(moved, "z_l", 0), { z_u: { 1: 2, 3: -1 } });
  assert.deepEqual(without(moved, "v", 0), moved);
  assert.equal(count(moved), 3);
});

test("the nearest beta is the one of the nearest ratio", () => {
  assert.equal(nearestBeta([0.25, 1, 4], 1.9), 1);
  assert.equal(nearestBeta([0.25, 1, 4], 2.1), 2);
  assert.equal(nearestBeta([0.25, 1, 4], 0.01), 0);
});

test("a sweep begins and ends where the handle was, and touches both ends", () => {
  const path = Array.from({ length: 1001 }, (_, i) => swept(1.5, -2, 3, i / 1000));
  assert.ok(Math.abs(path[0] - 1.5) < 1e-9 && Math.abs(path[1000] - 1.5) < 1e-9);
  assert.ok(Math.abs(Math.min(...path) + 2) < 1e-4 && Math.abs(Math.max(...path) - 3) < 1e-4);
  assert.equal(swept(99, -2, 3, 0), 3); // a code beyond the ends begins at the end
});

test("numbers have a sign, and a start has words", () => {
  assert.equal(signed(-1.234), "−1.23");
  assert.equal(signed(0), "+0.00");
  assert.equal(startInWords(STATE, DATA.classes), "start: image 8");
  assert.equal(startInWords({ ...STATE, start: "prior", label: 1 }, DATA.classes), "start: prior, class one");
});

test("a place in a code of channels is told by its sides", () => {
  assert.equal(placeWords([1, 0, 2]), "channel 1, row 0, column 2");
  assert.equal(placeWords([1, 7]), "channel 1, place 7");
});

test("handles that do not stand open fold by channel, and those of a code that is a row together", () => {
  const handle = (/** @type {number} */ dimension, /** @type {number[]} */ place) => ({
    dimension,
    place,
    low: -1,
    high: 1,
    used: "0.1",
    active: true,
  });
  const spatial = folded([handle(5, [1, 0, 1]), handle(0, [0, 0, 0]), handle(4, [1, 0, 0])]);
  assert.deepEqual(
    spatial.map(([words, those]) => [words, those.map(({ dimension }) => dimension)]),
    [
      ["Channel 0: 1 more place", [0]],
      ["Channel 1: 2 more places", [5, 4]],
    ],
  );
  assert.deepEqual(
    folded([handle(0, []), handle(1, [])]).map(([words]) => words),
    ["2 more dimensions"],
  );
  assert.deepEqual(folded([]), []);
});

test("a code that is moved along a direction lies there, and keeps what is at right angles to it", () => {
  const vector = [0.6, 0, 0.8];
  const moved = [1, 7, -2];
  for (const [d, value] of movedAlong(vector, moved, 5)) moved[d] = value;
  assert.ok(Math.abs(placeAlong(vector, moved) - 5) < 1e-9);
  assert.ok(Math.abs(placeAlong([0.8, 0, -0.6], moved) - placeAlong([0.8, 0, -0.6], [1, 7, -2])) < 1e-9);
  assert.equal(moved[1], 7);
  assert.equal(movedAlong(vector, moved, 0).length, 2); // what it does not have is not moved
});

test("the page of a dimension is opened on the image and the betas that are shown", () => {
  const about = aboutOf({ ...STATE, betas: { z: 1.7782794 } }, "mine");
  assert.deepEqual(about, { model: "mine", item: "8", beta_z: "1.78" });
  assert.deepEqual(aboutOf({ ...STATE, start: "prior" }, "mine"), { model: "mine" });
});

test("the ends of a handle are the code with one coordinate at its lowest and at its highest", () => {
  const codes = { a: [[1, 2]], b: [[3]], c: [[4]] };
  const handle = { block: "a", dimension: 1, low: -5, high: 6 };
  assert.deepEqual(ends(codes, handle, ["c"]), {
    a: [
      [1, -5],
      [1, 6],
    ],
    b: [[3], [3]],
  });
  assert.deepEqual(codes.a, [[1, 2]]);
});

test("an image is offered to become an 8, and an 8 to become the next", () => {
  const digits = [..."0123456789"];
  assert.deepEqual(intoClass(7, digits), [8, "Make it an 8"]);
  assert.deepEqual(intoClass(8, digits), [9, "Make it a 9"]);
  assert.deepEqual(intoClass(1, ["cat", "owl"]), [0, "Make it a cat"]);
  assert.deepEqual(intoClass(0, ["cat", "owl"]), [1, "Make it an owl"]);
  assert.ok(intoClass(0, ["cat", "o".repeat(900)])[1].length < 40);
  assert.deepEqual(intoClass(0, ["benign", "malignant"], false), [1, "Make it malignant"]);
});

test("what is shown for a moment stands beside the moves", () => {
  const shown = shownAs({ a: { 0: 1 } }, { block: "a", dimension: 1 }, { a: [[1, 2]] });
  assert.deepEqual(shown, { a: { 0: 1, 1: 2 } });
});

test("what a code keeps is put under every class", () => {
  const codes = { z_l: [[9]], z_u: [[1, 2]] };
  assert.deepEqual(inEveryClass(codes, ["z_u"], 3), {
    codes: {
      z_u: [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    },
    label: [0, 1, 2],
  });
});
