import assert from "node:assert/strict";
import { test } from "node:test";

import { dots, ellipse } from "./cloud.js";
import { lampWords, parts, rateWords } from "./column.js";
import { bounds, placed, plane, planeWith } from "./plane.js";
import { wrapped } from "./saved.js";

const POINTS = [
  { rate: 40, distortion: 60, rateError: 0.1, distortionError: 0.2, betas: { z: 0.1 }, words: "β(z) = 0.1" },
  { rate: 4, distortion: 140, rateError: 0.1, distortionError: 0.2, betas: { z: 10 }, words: "β(<b>) = 10" },
];
const DATA = {
  an: "an image",
  points: POINTS,
  lines: [{ block: "z", colour: "#123456", points: [0, 1] }],
  anchors: [{ rate: 20, distortion: 80, words: "trained for 1" }],
  others: [{ rate: 25, distortion: 85, words: "another" }],
};
const LOOK = { width: 440, height: 230, font: "Arial", ink: "#222", quiet: "#888", accent: "#00f" };

test("on both maps a place is where its two betas put it, at one scale", () => {
  const levels = [0, 65535, 65535, 65535]; // one dot at each of two betas
  const data = /** @type {any} */ ({ betas: [1, 100], levels, reach: 3 });
  assert.deepEqual([...dots(data, 1)], [-3, 3]);
  assert.deepEqual([...dots(data, 100)], [3, 3]);
  assert.deepEqual([...dots(data, 10)].map(Math.round), [0, 3]);
});

test("a covariance is an ellipse", () => {
  const { halves, angle } = ellipse([1, 0, 4]);
  assert.deepEqual(halves, [2, 1]);
  assert.equal(angle.toFixed(4), (Math.PI / 2).toFixed(4));
  assert.deepEqual(ellipse([0, 0, 0]).halves, [0, 0]);
});

test("a bar is made of the dimensions, and of what is left where they do not add up", () => {
  const reading = { rate: 10, kl: [6, 0.001, 3], active: [1, 0, 0.5], error: 0.1 };
  const found = parts(reading, [0, 2, 1], 20);
  assert.deepEqual(
    found.map(({ dimension }) => dimension),
    [0, 2, -1],
  );
  assert.equal(found.reduce((sum, { share }) => sum + share, 0).toFixed(4), "0.5000");
  assert.equal(lampWords("z", 0, reading), "z[0] awake, 6.00 nats");
  assert.match(lampWords("z", 2, reading), /awake at one of the measured betas around/);
  assert.match(rateWords(reading, "on 100 images"), /^10.00 nats \(14.43 bits\), ± 0.10 s.e.; on 100 images/);
  assert.match(rateWords({ ...reading, error: null }, ""), /interpolated/);
});

test("a smaller rate lies further left, a smaller distortion further down, and all within the plane", () => {
  const at = placed(DATA, LOOK);
  const [[a, b], [c, d]] = POINTS.map(({ rate, distortion }) => at(rate, distortion));
  assert.ok(c < a && d < b);
  for (const [x, y] of [
    [a, b],
    [c, d],
  ])
    assert.ok(x > 0 && x < LOOK.width && y > 0 && y < LOOK.height);
  assert.ok(bounds(DATA).length >= 3);
  for (const [total, ...ends] of bounds(DATA)) {
    assert.ok(Math.abs(ends[0] + ends[1] - total) < 1e-9 && Math.abs(ends[2] + ends[3] - total) < 1e-9);
  }
});

test("every point can be chosen, anchors and others are there, and words stay words", () => {
  const svg = plane(DATA, LOOK, [{ rate: 40, distortion: 60, href: "data:,", ratio: 1 }]);
  assert.equal(svg.match(/data-point=/g)?.length, 2);
  assert.equal(svg.match(/<image /g)?.length, 1);
  assert.ok(svg.includes("trained for 1") && svg.includes("another") && svg.includes("−ELBO = "));
  assert.ok(!svg.includes("<b>"));
});

test("pictures that would lie on each other are left out", () => {
  const one = { rate: 40, distortion: 60, href: "data:,", ratio: 1 };
  assert.equal(plane(DATA, LOOK, [one, one]).match(/<image /g)?.length, 1);
});

test("a long text is broken at its words", () => {
  assert.deepEqual(wrapped("aa bb cc dd", 6), ["aa bb", "cc dd"]);
});

test("lines of several betas are named in their colours, those of one are not", () => {
  const two = ["z_l", "z_u"].map((block, n) => ({
    block,
    colour: ["#123456", "#654321"][n],
    points: [0, 1],
  }));
  const svg = plane({ ...DATA, lines: two }, LOOK, []);
  assert.match(svg, /<text[^>]*fill="#123456"[^>]*>― along β\(z_l\)/);
  assert.match(svg, /<text[^>]*fill="#654321"[^>]*>― along β\(z_u\)/);
  assert.doesNotMatch(plane({ ...DATA, lines: two.slice(0, 1) }, LOOK, []), /― along/);
});

test("the whole plane is as large as it is asked for, with one ring where the marker stands", () => {
  const now = { rate: 4, kl: [4], active: [1], error: null, total: 20, distortion: 90 };
  const text = planeWith(DATA, LOOK, [], now);
  assert.match(text, /^<svg [^>]*width="440" height="230" viewBox="0 0 440 230"/);
  const [x, y] = placed(DATA, LOOK)(20, 90);
  assert.equal(text.match(/r="8"/g)?.length, 1);
  assert.ok(text.includes(`<circle cx="${x}" cy="${y}" r="8"`));
  assert.ok(text.includes(plane(DATA, LOOK, [])));
});
