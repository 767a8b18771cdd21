import assert from "node:assert/strict";
import { test } from "node:test";

/** @type {any} */ (globalThis).location = { origin: "http://host" };
const { Along, askedFor, placesAt } = await import("./along.js");
const { titleAt } = await import("./following.js");
const { Points } = await import("./points.js");

test("what is asked for names the block, the panels and the betas of the others", () => {
  assert.equal(
    askedFor("/places/a/{block}?of=7", "z u", { "z u": 2, z_l: 0.316 }, ["z u", "z_l.axes"]),
    "/places/a/z%20u?of=7&panel=z+u&panel=z_l.axes&beta_z_l=0.316",
  );
});

/** @param {import("./travel.js").Places} places */
const both = ({ x, y }) => [...Array.from(x), ...Array.from(y)];

test("between the betas of a grid places are interpolated by the logarithm, in the frame of the panel", () => {
  const points = new Points([10, 20, 0.5, 2], new Uint16Array([0, 4]), new Uint16Array([1, 3]));
  // Two betas, two axes, two items.
  const known = { betas: [1, 100], cells: [new Uint16Array([0, 4, 1, 3, 4, 8, 3, 1])] };
  const [first, middle, beyond] = [1, 10, 1000].map((beta) => placesAt(known, 0, points, beta));
  assert.deepEqual(both(first), both(points));
  assert.deepEqual(both(middle), [11, 13, 24, 24]);
  assert.deepEqual(both(beyond), [12, 14, 26, 22]);
});

test("places are fetched once, and what does not come is asked for again", async () => {
  /** @type {string[]} */
  const fetched = [];
  let ready = 0;
  let answers = () => Promise.reject(new Error("no network"));
  globalThis.fetch = /** @type {any} */ (
    (/** @type {string} */ address) => (fetched.push(address), answers())
  );
  const along = new Along(() => void ready++);
  const turn = () => new Promise((done) => setTimeout(done));
  assert.equal(along.get("/a?x"), null);
  await turn();
  answers = () => Promise.resolve(/** @type {never} */ ({ ok: true, arrayBuffer: async () => envelope() }));
  assert.equal(along.get("/a?x"), null);
  assert.equal(along.get("/a?x"), null); // on its way
  await turn();
  assert.deepEqual(Array.from(along.get("/a?x")?.cells[0] ?? []), [5, 6]);
  assert.deepEqual([fetched.length, ready], [2, 1]);
});

/** As the server packs it: a header, and one array of 16 bits. */
function envelope() {
  const text = new TextEncoder().encode(JSON.stringify({ betas: [1], arrays: [["uint16", 2]] }));
  const start = Math.ceil((4 + text.length) / 8) * 8;
  const bytes = new Uint8Array(start + 8).fill(32, 4, start);
  new DataView(bytes.buffer).setUint32(0, start - 4, true);
  bytes.set(text, 4);
  bytes.set(new Uint8Array(new Uint16Array([5, 6]).buffer), start);
  return bytes.buffer;
}

test("a title says the beta of its block alone", () => {
  assert.equal(
    titleAt("z_u · 16 dimensions · β = 1", ["z_u"], { z_u: 1.33, z_l: 2 }),
    "z_u · 16 dimensions · β = 1.33",
  );
  assert.equal(
    titleAt("All latents together", ["z_l", "z_u"], { z_u: 1.33, z_l: 2 }),
    "All latents together",
  );
});
