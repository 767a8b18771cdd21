// What happens between two betas, in one sentence.

import { awake, between, blended } from "../shared/knots.js";

/**
 * What a block keeps at each beta that was measured.
 * @typedef {object} KeptData
 * @property {number[]} betas
 * @property {(number | null)[]} rate nats; null where it is not known
 * @property {(number | null)[]} error its standard error; null where it is interpolated
 * @property {(number | null)[][]} kl of each dimension, nats
 * @property {number[][]} active 1, 0, or 0.5 where measured betas differ
 * @property {number[] | null} total the rate of all blocks
 * @property {number[] | null} distortion
 */

/** @typedef {{rate: number, kl: number[], active: number[], total?: number, distortion?: number, error: number | null}} Reading */

const NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split(" ");

/** @param {number} beta */
export const said = (beta) => String(Number(beta.toPrecision(3)));

/** @param {number} nats */
export const bits = (nats) => nats / Math.LN2;

/** @param {number} value */
export const number = (value) => value.toFixed(Math.abs(value) < 10 ? 2 : 1);

/**
 * Numbers that may not be known.
 * @param {readonly (number | null)[]} values
 */
const known = (values) => values.map((value) => value ?? NaN);

/**
 * What is kept at a beta.
 * @param {KeptData} kept
 * @param {number} beta
 * @returns {Reading}
 */
export function reading(kept, beta) {
  const place = between(kept.betas, beta);
  const { low, high } = place;
  return {
    rate: blended(known(kept.rate), place),
    error: low === high ? kept.error[low] : null,
    kl: known(kept.kl[low]).map(
      (nats, d) => (1 - place.share) * nats + place.share * (kept.kl[high][d] ?? NaN),
    ),
    active: awake(kept.active, place),
    total: kept.total ? blended(kept.total, place) : undefined,
    distortion: kept.distortion ? blended(kept.distortion, place) : undefined,
  };
}

/** @param {number} count */
const dimensions = (count) => `${NUMBERS[count] ?? count} dimension${count === 1 ? "" : "s"}`;

/** @param {readonly number[]} active */
const lit = (active) => active.filter((each) => each === 1).length;

/**
 * How many dimensions are active: "10", or "8 to 12" where the measured betas around differ.
 * @param {readonly number[]} active
 */
export function count(active) {
  const most = active.filter((each) => each > 0).length;
  return most === lit(active) ? String(most) : `${lit(active)} to ${most}`;
}

/**
 * What happens to a rate and the like.
 * @param {string} what
 * @param {number} from
 * @param {number} to
 */
function change(what, from, to) {
  if (number(from) === number(to)) return `${what} stayed at ${number(to)} nats`;
  return `${what} ${to < from ? "fell" : "rose"} from ${number(from)} to ${number(to)} nats`;
}

/**
 * The sentence. `latents` is the block in words, `an` what an observation is called.
 * @param {KeptData} kept
 * @param {{latents: string, an: string}} words
 * @param {number} since
 * @param {number} at
 */
export function sentence(kept, { latents, an }, since, at) {
  const [before, now] = [reading(kept, since), reading(kept, at)];
  const none = now.active.every((each) => each === 0);
  const asleep = none ? ` Every dimension is asleep: the ${latents} say nothing of ${an} any more.` : "";
  if (said(since) === said(at)) {
    const amount = Number.isFinite(now.rate)
      ? `keep ${number(now.rate)} nats (${number(bits(now.rate))} bits) of ${an}`
      : "stand";
    return `At β = ${said(at)} the ${latents} ${amount}, with ${count(now.active)} of ${now.active.length} dimensions awake. Drag the marker.${asleep}`;
  }
  const fell = before.active.filter((each, d) => each === 1 && now.active[d] === 0).length;
  const woke = before.active.filter((each, d) => each === 0 && now.active[d] === 1).length;
  const between = now.active.filter((each) => each === 0.5).length;
  const happened = [
    fell || !woke ? `${dimensions(fell)} of the ${latents} fell asleep` : "",
    woke ? `${dimensions(woke)} of the ${latents} woke up` : "",
    between ? `${dimensions(between)} changed within this step of the grid` : "",
    Number.isFinite(now.rate)
      ? `${change("the rate", before.rate, now.rate)} (${number(bits(before.rate))} to ${number(bits(now.rate))} bits)`
      : "",
    before.distortion === undefined || now.distortion === undefined
      ? ""
      : change("the distortion", before.distortion, now.distortion),
  ].filter(Boolean);
  return `From β = ${said(since)} to ${said(at)}: ${happened.join("; ")}.${asleep}`;
}
