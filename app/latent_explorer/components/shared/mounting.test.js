import assert from "node:assert/strict";
import { test } from "node:test";

import { mounting } from "./mounting.js";

/**
 * A place on a page whose style sheet is there, or is on its way.
 * @param {{sheet: object | null, addEventListener: (name: string, done: () => void) => void} | null} link
 */
const placeWith = (link) => /** @type {any} */ ({ querySelector: () => link, isConnected: false });

const aMoment = (ms = 5) => new Promise((done) => setTimeout(done, ms));

/** A component that writes down what happens to it. */
function recorded() {
  /** @type {string[]} */
  const log = [];
  const mount = mounting((parent, /** @type {any} */ call) => {
    log.push(`made with ${call.data}`);
    return { update: ({ data }) => log.push(`shows ${data}`), destroy: () => log.push("gone") };
  });
  /** @type {(data: string, parentElement: any) => any} */
  const show = (data, parentElement) =>
    mount({ data, parentElement, setStateValue: () => {}, setTriggerValue: () => {} });
  return { log, show };
}

test("a place keeps what it shows over many calls, and another place has its own", () => {
  const { log, show } = recorded();
  const [here, there] = [placeWith(null), placeWith(null)];
  show("a", here);
  show("b", here);
  show("c", there);
  assert.deepEqual(log, ["made with a", "shows a", "shows b", "made with c", "shows c"]);
});

test("only the newest call ends what is shown", async () => {
  const { log, show } = recorded();
  const place = placeWith(null);
  const older = show("a", place);
  const newer = show("b", place);
  older();
  await aMoment();
  assert.deepEqual(log.slice(-1), ["shows b"]);
  newer();
  newer();
  await aMoment();
  assert.deepEqual(log.slice(-2), ["shows b", "gone"]);
  show("c", place);
  assert.deepEqual(log.slice(-2), ["made with c", "shows c"]);
});

test("a call that is taken back before the next one leaves what is shown", async () => {
  const { log, show } = recorded();
  const place = { ...placeWith(null), isConnected: true };
  const first = show("a", place);
  first();
  await aMoment();
  const second = show("b", place);
  await aMoment(1200);
  assert.deepEqual(log, ["made with a", "shows a", "shows b"]);
  second();
  place.isConnected = false;
  await aMoment(100);
  assert.deepEqual(log.slice(-1), ["gone"]);
});

test("nothing is shown before its style sheet is there", async () => {
  const { log, show } = recorded();
  /** @type {(() => void)[]} */
  const loaded = [];
  const link = {
    sheet: null,
    addEventListener: (/** @type {string} */ _, /** @type {() => void} */ done) => loaded.push(done),
  };
  const ends = show("a", placeWith(link));
  await aMoment();
  assert.deepEqual(log, []);
  loaded[0]();
  (await ends)();
  await aMoment();
  assert.deepEqual(log, ["made with a", "shows a", "gone"]);
});

test("a style sheet that is there already is not waited for", () => {
  const { log, show } = recorded();
  show("a", placeWith({ sheet: { cssRules: [] }, addEventListener: () => assert.fail("it waits") }));
  assert.deepEqual(log, ["made with a", "shows a"]);
});
