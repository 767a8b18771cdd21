import assert from "node:assert/strict";
import { test } from "node:test";

import { Finder } from "./finding.js";

const GUARD = "\u2063";
const term = (/** @type {string[]} */ ...forms) => ({ word: forms[0], means: "", formula: "", forms });
const [PRIOR, PART, BETA, KL] = [term("prior"), term("prior component"), term("beta", "β"), term("KL")];
const finder = new Finder([PRIOR, PART, BETA, KL], GUARD);
const said = (/** @type {string} */ text, known = new Set()) =>
  finder.first(text, known).map(({ start, end }) => text.slice(start, end));

test("a term is found where it first stands, as a whole word, in any case, singular or plural", () => {
  assert.deepEqual(said("Prior and priors, KL; KLs"), ["Prior", "KL"]);
  assert.deepEqual(said("priory, a-priori, z_prior, prior-free, my-prior, KL2"), []);
  assert.deepEqual(said("What does β do? β again"), ["β"]);
});

test("the longest of several terms is meant", () => {
  assert.deepEqual(said("a prior component of the prior"), ["prior component", "prior"]);
});

test("a term that is known stays as it is", () => {
  const known = new Set([PRIOR]);
  assert.deepEqual(said("the prior and beta", known), ["beta"]);
  assert.ok(known.has(BETA));
});

test("what others wrote is left alone, and what stands round it is not", () => {
  const others = `${GUARD}beta prior${GUARD}`;
  assert.deepEqual(said(`${others} KL ${others} prior`), ["KL", "prior"]);
  assert.deepEqual(said(`${GUARD}beta`), ["beta"]); // half a guard guards nothing
});
