import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_ROWS } from "../shared/protocol.js";
import { Pictures, requestOf, trim } from "./pictures.js";

const DECODES = { model: "m", betas: { z: 2 }, latents: ["z", "u"] };

/** A decoder that keeps what it was asked. */
function asked() {
  /** @type {import("./pictures.js").Request[]} */
  const requests = [];
  return {
    requests,
    decoder: /** @type {any} */ ({
      online: true,
      ask: (/** @type {string} */ _, /** @type {any} */ request) => requests.push(request),
    }),
  };
}

test("a request names model, betas and the rows of every latent", () => {
  assert.deepEqual(
    requestOf(DECODES, (latent) => (latent === "z" ? [[[3, 1]]] : [[[4, 1]]])),
    { model: "m", betas: { z: 2 }, mix: { z: [[[3, 1]]], u: [[[4, 1]]] } },
  );
});

test("a cache forgets its oldest entries", () => {
  const cache = new Map([1, 2, 3, 4].map((key) => [key, "x"]));
  trim(cache, 2);
  assert.deepEqual([...cache.keys()], [3, 4]);
});

test("pictures are asked for once, no more at a time than the server takes", () => {
  const { requests, decoder } = asked();
  const pictures = new Pictures(decoder, "c", () => {});
  pictures.want("a", [1]);
  assert.equal(requests.length, 0); // nobody said what decodes
  pictures.setDecodes(DECODES);
  pictures.want(
    "a",
    Array.from({ length: 300 }, (_, i) => i),
  );
  pictures.want("b", [7, 8]);
  assert.equal(requests.length, 1);
  assert.equal(requests[0].mix?.z.length, MOST_ROWS);
});
