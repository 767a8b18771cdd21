import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { SiteDecoder } from "./decoding.js";
import { expects } from "./loading.js";

class FakeWorker {
  /** @type {FakeWorker[]} */
  static all = [];
  /** @type {any[]} */
  sent = [];
  /** @type {(message: {data: any}) => void} */
  onmessage = () => {};
  onerror = () => {};
  constructor() {
    FakeWorker.all.push(this);
  }
  postMessage(/** @type {any} */ message) {
    this.sent.push(message);
  }
  terminate() {}
}

beforeEach(() => {
  FakeWorker.all = [];
  Object.defineProperty(globalThis, "Worker", { value: FakeWorker, configurable: true });
});

const image = { shape: [1, 1, 1, 1], pixels: [7], codes: {} };

test("what is asked before the model is there is answered after, the newest of a channel", () => {
  const decoder = new SiteDecoder({ m: "m" }, "m");
  assert.equal(FakeWorker.all.length, 0);
  decoder.start();
  const [worker] = FakeWorker.all;
  /** @type {any[]} */
  const answers = [];
  decoder.ask("a", { model: "m", label: [0] }, (answer) => answers.push(answer));
  decoder.ask("a", { model: "m", label: [1] }, (answer) => answers.push(answer));
  assert.equal(worker.sent.length, 1);
  worker.onmessage({ data: { ready: true } });
  assert.deepEqual(worker.sent[1].request.label, [1]);
  worker.onmessage({ data: { id: worker.sent[1].id, answer: image } });
  assert.deepEqual(answers, [image]);
});

test("a browser without workers, and a model that does not load, say why", async () => {
  Object.defineProperty(globalThis, "Worker", { value: undefined, configurable: true });
  const without = new SiteDecoder({ m: "m" }, "m");
  assert.equal(without.state, "failed");
  assert.match(without.why, /no workers/);
  await assert.rejects(without.answer({ model: "m" }), /no picture of this/);
  Object.defineProperty(globalThis, "Worker", { value: FakeWorker, configurable: true });
  const decoder = new SiteDecoder({ m: "m" }, "m");
  const asked = decoder.answer({ model: "m" });
  FakeWorker.all[0].onmessage({ data: { failed: "models/m/draw.bin is cut short" } });
  await assert.rejects(asked, /no picture of this/);
  assert.match(decoder.why, /cut short/);
});

test("two are on their way at most", () => {
  const decoder = new SiteDecoder({ m: "m" }, "m");
  decoder.start();
  const [worker] = FakeWorker.all;
  worker.onmessage({ data: { ready: true } });
  for (const channel of ["a", "b", "c"]) decoder.ask(channel, { model: "m" }, () => {});
  assert.equal(worker.sent.length, 3);
  worker.onmessage({ data: { id: worker.sent[1].id, answer: image } });
  assert.equal(worker.sent.length, 4);
});

test("where nothing can be decoded no worker is started", () => {
  const decoder = new SiteDecoder({}, undefined);
  decoder.start();
  assert.equal(decoder.state, "loading");
  assert.equal(FakeWorker.all.length, 0);
});

test("how much has come is told while the model is loaded", () => {
  expects({ "models/m/draw.bin": 9 });
  const decoder = new SiteDecoder({ m: "m" }, "m");
  decoder.start();
  const [worker] = FakeWorker.all;
  assert.deepEqual(worker.sent[0].sizes, { "models/m/draw.bin": 9 });
  /** @type {number[]} */
  const had = [];
  decoder.watch(() => had.push(decoder.loaded));
  worker.onmessage({ data: { loaded: 0.25 } });
  worker.onmessage({ data: { loaded: 0.5 } });
  assert.deepEqual(had.slice(-2), [0.25, 0.5]);
});

test("a browser whose WebAssembly has no vectors is told so", () => {
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  assert.match(new SiteDecoder({ m: "m" }, "m").why, /SIMD/);
  WebAssembly.validate = validate;
});
