import assert from "node:assert/strict";
import test from "node:test";

import { Performing } from "./performing.js";

/** A handle whose sweep ends when it is told to. */
class FakeHandle {
  block = "z";
  /** @type {() => void} */
  end = () => {};
  /** @type {number | null} */
  from = null;

  /** @param {number} dimension */
  constructor(dimension) {
    this.dimension = dimension;
  }

  /**
   * @param {number} from
   * @param {() => void} done
   */
  sweep(from, done) {
    this.from = from;
    this.end = done;
  }

  rest() {
    this.from = null;
  }
}

function staged({ isShow = true, isStill = false } = {}) {
  const handles = [0, 1].map((dimension) => new FakeHandle(dimension));
  const stage = {
    undone: /** @type {number[]} */ ([]),
    moved: false,
    handles: () => handles,
    at: (/** @type {FakeHandle} */ { dimension }) => 10 + dimension,
    isMoved: () => stage.moved,
    isStill: () => isStill,
    rested: (/** @type {FakeHandle} */ { dimension }) => void stage.undone.push(dimension),
  };
  return { handles, stage, performing: new Performing(stage, isShow) };
}

test("handles move by themselves in turn, two rounds of them", () => {
  const { handles, stage, performing } = staged();
  performing.perform();
  const moved = [];
  while (performing.sweeping) {
    moved.push([performing.sweeping.dimension, performing.sweeping.from]);
    performing.sweeping.end();
  }
  assert.deepEqual(
    moved,
    [0, 1, 0, 1].map((dimension) => [dimension, 10 + dimension]),
  );
  assert.deepEqual(stage.undone, [0, 1, 0, 1]);
  assert.deepEqual(
    handles.map(({ from }) => from),
    [null, null],
  );
});

test("a touch ends what moves by itself, for good", () => {
  const { handles, stage, performing } = staged();
  performing.perform();
  performing.interrupt();
  assert.equal(performing.sweeping, null);
  assert.equal(handles[0].from, null);
  assert.deepEqual(stage.undone, [0]);
  performing.perform();
  assert.equal(performing.sweeping, null);
});

test("a handle that is asked to moves after a touch too, and stops when it is asked again", () => {
  const { handles, performing } = staged({ isShow: false });
  performing.play(handles[1]);
  assert.equal(performing.sweeping, handles[1]);
  performing.play(handles[0]);
  assert.equal(performing.sweeping, handles[0]);
  assert.equal(handles[1].from, null);
  performing.play(handles[0]);
  assert.equal(performing.sweeping, null);
});

test("nothing moves unasked where a handle was moved, where movement is not wanted, or while another moves", () => {
  const still = staged({ isStill: true });
  still.performing.perform();
  assert.equal(still.performing.sweeping, null);
  const { handles, stage, performing } = staged();
  stage.moved = true;
  performing.perform();
  assert.equal(performing.sweeping, null);
  stage.moved = false;
  performing.play(handles[1]);
  performing.perform();
  assert.equal(performing.sweeping, handles[1]);
});

test("where the component goes, the handle rests and nothing is undone", () => {
  const { handles, stage, performing } = staged();
  performing.perform();
  performing.destroy();
  assert.equal(handles[0].from, null);
  assert.deepEqual(stage.undone, []);
});
