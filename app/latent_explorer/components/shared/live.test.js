import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { LiveRoute } from "./live.js";

/** @typedef {{id: number, model: string}} Sent */

/** A server's end of a connection. */
class Socket {
  /** @type {Socket[]} */
  static all = [];
  /** @type {Sent[]} */
  sent = [];
  onopen = () => {};
  onclose = (/** @type {{code: number}} */ event) => void event;
  /** @type {(message: {data: ArrayBuffer}) => void} */
  onmessage = () => {};

  constructor(/** @type {string} */ address) {
    this.address = address;
    Socket.all.push(this);
  }

  send(/** @type {string} */ text) {
    this.sent.push(JSON.parse(text));
  }

  answer(/** @type {object} */ header, /** @type {number[]} */ pixels = []) {
    let head = JSON.stringify({ ...header, arrays: [["uint8", pixels.length]] });
    head = head.padEnd(head.length + ((8 - ((4 + head.length) % 8)) % 8));
    const bytes = new Uint8Array(4 + head.length + 8);
    new DataView(bytes.buffer).setUint32(0, head.length, true);
    bytes.set(new TextEncoder().encode(head), 4);
    bytes.set(pixels, 4 + head.length);
    this.onmessage({ data: bytes.buffer });
  }
}

Object.defineProperty(globalThis, "WebSocket", { value: Socket, configurable: true });
Object.defineProperty(globalThis, "location", { value: { origin: "https://here" }, configurable: true });

beforeEach(() => {
  Socket.all = [];
});

/** A route that is connected, and what it answered. */
function connected() {
  const route = new LiveRoute();
  const [socket] = Socket.all;
  socket.onopen();
  /** @type {unknown[]} */
  const answers = [];
  /** @type {(channel: string, model: string) => void} */
  const ask = (channel, model) =>
    route.ask(channel, { model }, (answer) =>
      answers.push("error" in answer ? answer : [model, ...Array.from(answer.pixels)]),
    );
  return { route, socket, ask, answers };
}

const image = { shape: [1, 1, 1, 1], codes: {} };

test("it asks the server of the page, and says when it is there", () => {
  const route = new LiveRoute();
  /** @type {boolean[]} */
  const seen = [];
  const end = route.watch((online) => seen.push(online));
  assert.equal(Socket.all[0].address, "wss://here/latent-explorer/live");
  Socket.all[0].onopen();
  assert.equal(route.online, true);
  end();
  assert.deepEqual(seen, [true]);
});

test("of what waits on a channel the newest is asked, and two are on their way at most", () => {
  const { socket, ask, answers } = connected();
  ["a", "b", "c", "d"].forEach((model) => ask("one", model));
  ask("two", "e");
  assert.deepEqual(
    socket.sent.map(({ model }) => model),
    ["a", "b"],
  );
  socket.answer({ ...image, id: socket.sent[0].id }, [7]);
  socket.answer({ ...image, id: socket.sent[1].id }, [8]);
  assert.deepEqual(
    socket.sent.map(({ model }) => model),
    ["a", "b", "d", "e"],
  );
  assert.deepEqual(answers, [
    ["a", 7],
    ["b", 8],
  ]);
});

test("while the server has much to do one is on its way, the newest after the pause that it names", () => {
  const { setTimeout, clearTimeout } = globalThis;
  /** @type {Map<number, [() => void, number]>} */
  const timers = new Map();
  let number = 0;
  Object.assign(globalThis, {
    setTimeout: (/** @type {() => void} */ task, /** @type {number} */ ms) => (
      timers.set(++number, [task, ms]),
      number
    ),
    clearTimeout: (/** @type {number} */ timer) => timers.delete(timer),
  });
  const elapse = () => {
    const [[timer, [task]]] = timers;
    timers.delete(timer);
    task();
  };
  try {
    const { socket, ask } = connected();
    const models = () => socket.sent.map(({ model }) => model);
    ["a", "b", "c"].forEach((model) => ask("one", model));
    socket.answer({ ...image, id: socket.sent[0].id, pause: 40 });
    socket.answer({ ...image, id: socket.sent[1].id, pause: 30 });
    assert.deepEqual(
      [...timers.values()].map(([, ms]) => ms),
      [30],
    ); // the newest answer knows best
    ask("one", "d");
    assert.deepEqual(models(), ["a", "b"]);
    elapse();
    ask("one", "e");
    assert.deepEqual(models(), ["a", "b", "d"]);
    socket.answer({ ...image, id: socket.sent[2].id, pause: 20 });
    elapse();
    socket.answer({ ...image, id: socket.sent[3].id });
    ["f", "g"].forEach((model) => ask(model, model));
    assert.deepEqual(models(), ["a", "b", "d", "e", "f", "g"]);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
});

test("a refusal is handed on, also one that lost its number", () => {
  const { socket, ask, answers } = connected();
  ask("one", "a");
  ask("two", "b");
  socket.answer({ id: 0, error: "no JSON" });
  socket.answer({ id: socket.sent[1].id, error: "no model" });
  assert.deepEqual(answers, [{ error: "no JSON" }, { error: "no model" }]);
});

test("what is withdrawn is not asked", () => {
  const { route, socket, ask } = connected();
  ["a", "b", "c"].forEach((model, i) => ask(String(i), model));
  route.withdraw("2");
  socket.answer({ ...image, id: socket.sent[0].id });
  assert.equal(socket.sent.length, 2);
});

test("after a lost connection what was on its way is asked again, unless something newer waits", () => {
  const { setTimeout } = globalThis;
  /** @type {[() => void, number][]} */
  const timers = [];
  Object.assign(globalThis, {
    setTimeout: (/** @type {() => void} */ task, /** @type {number} */ ms) => timers.push([task, ms]),
  });
  try {
    const { route, socket, ask } = connected();
    ask("one", "a");
    ask("two", "b");
    ask("two", "c");
    socket.onclose({ code: 1006 });
    assert.equal(route.online, false);
    Socket.all[0].onclose({ code: 1006 });
    assert.deepEqual(
      timers.map(([, ms]) => ms),
      [250, 500],
    ); // each time it waits longer
    timers[0][0]();
    const [, again] = Socket.all;
    again.onopen();
    assert.deepEqual(again.sent.map(({ model }) => model).sort(), ["a", "c"]);
  } finally {
    Object.assign(globalThis, { setTimeout });
  }
});

test("a connection that was closed for its silence is opened again by the next request", () => {
  const { route, socket, ask, answers } = connected();
  socket.onclose({ code: 4408 });
  assert.equal(route.online, true);
  assert.equal(Socket.all.length, 1);
  ask("one", "a");
  assert.equal(Socket.all.length, 2);
  ask("one", "b");
  assert.equal(Socket.all.length, 2);
  const [, second] = Socket.all;
  second.onopen();
  second.answer({ ...image, id: second.sent[0].id }, [7]);
  assert.deepEqual(answers, [["b", 7]]);
});
