// Dragging asks the decoder; releasing reports the state to the script.

import { alike, Following } from "../shared/betas.js";
import { pageDecoder } from "../shared/decoder.js";
import { element } from "../shared/elements.js";
import { fromBase64, numbersFromBase64 } from "../shared/envelope.js";
import { putPicture, showFitted } from "../shared/pixels.js";
import { worded } from "../shared/words.js";
import { DECIMALS } from "../shared/protocol.js";
import { arrive } from "../shared/arriving.js";
import { ClassBars, ClassChips } from "./classes.js";
import { Origin } from "./origin.js";
import { Rates } from "./rates.js";
import { Rows } from "./rows.js";
import { savedPicture } from "./saved.js";
import { StartRow } from "./start.js";
import {
  aboutOf,
  count,
  movedAlong,
  placeAlong,
  startInWords,
  startOf,
  structureOf,
  without,
} from "./state.js";

/**
 * @typedef {import("../shared/decoder.js").Decoded} Decoded
 * @typedef {import("../shared/decoder.js").Refusal} Refusal
 * @typedef {import("./state.js").Codes} Codes
 * @typedef {import("./state.js").ControlsCall} ControlsCall
 * @typedef {import("./state.js").DirectionData} DirectionData
 * @typedef {import("./handle.js").Handle} Handle
 * @typedef {import("./state.js").State} State
 */

const CHANNEL = "controls";
const START_CHANNEL = "controls-start";
const SIDE = "var(--picture)"; // of the longer side of the picture, which grows with the window

export class Controls {
  #decoder = pageDecoder();
  #following = new Following(
    () => this.data.model,
    ({ betas }) => this.#follow(betas),
  );
  #structure = "";
  #reports = 0; // how often the script was told; its answer says which report it knows of
  #touched = false; // whether something has changed since
  #stale = false; // whether the codes here belong to an older start
  /** @type {(() => void) | null} ends a sweep */
  #stop = null;
  #labels = new Uint16Array();
  /** @type {Codes} */
  #codes = {};
  /** @type {Codes} */
  #startCodes = {};

  #canvas = element("canvas", { class: "picture", role: "img", width: 28, height: 28 });
  #origin = new Origin();
  #moves = element("p", { class: "moves" });
  #status = element("output", { class: "status", "aria-live": "polite" });
  #reset = element(
    "button",
    { type: "button", class: "tool", title: "Put every handle back to the start" },
    "Back to the start",
  );
  #said = new ClassBars();
  #chips = new ClassChips((c) => this.#chooseClass(c));
  #rates = new Rates({
    choose: (block, beta) => this.#chooseBeta(block, beta),
    leave: () => {
      this.#following.release();
      this.#report();
    },
  });
  #rows;
  #start;
  #unwatch;

  /**
   * @param {ParentNode} parent
   * @param {ControlsCall} call
   */
  constructor(parent, { data, setStateValue }) {
    this.data = data;
    this.setStateValue = setStateValue;
    this.state = data.state;
    this.#start = new StartRow(
      () => this.state,
      (patch, released) => this.#change(patch, released),
      () => this.#report(),
      (text) => worded(text, data.kind),
    );
    this.#rows = new Rows({
      coordinate: {
        move: (block, dimension, to) => this.#move(block, dimension, to),
        putBack: (block, dimension) => this.#putBack(block, dimension),
        leave: () => this.#report(),
      },
      direction: {
        move: (direction, to) => this.#moveAlong(direction, to),
        putBack: (direction) => this.#putBackAlong(direction),
        leave: () => this.#report(),
      },
      play: (handle) => this.#play(handle),
    });
    /** @type {import("../shared/saving.js").FigureElement} */
    this.root = element(
      "div",
      { class: "live-controls", "data-ready": "false" },
      element(
        "div",
        { class: "stage" },
        element("div", { class: "title" }, worded("Decoded image", data.kind)),
        this.#canvas,
        element("div", { class: "below" }, this.#origin.root, element("div", {}, this.#moves, this.#reset)),
        this.#said.root,
        this.#status,
      ),
      element(
        "div",
        { class: "controls" },
        this.#start.root,
        this.#chips.root,
        this.#rates.root,
        this.#rows.root,
      ),
    );
    this.root.figure = () => this.#saved(); // for who saves it from elsewhere on the page
    parent.append(this.root);
    this.#reset.onclick = () => this.#change({ moved: {} }, true);
    this.#unwatch = this.#decoder.watch(() => this.#tell());
  }

  // ---- the script's word

  /** @param {ControlsCall} call */
  update({ data, setStateValue, setTriggerValue }) {
    this.data = data;
    this.setStateValue = setStateValue;
    arrive(data.address, setTriggerValue);
    const structure = structureOf(data);
    if (structure !== this.#structure) {
      this.#structure = structure;
      this.#touched = false;
      this.#labels = numbersFromBase64(data.labels);
      this.#build();
    }
    // An answer to an older report says nothing about what was done since.
    if (data.reports >= this.#reports && !this.#touched) this.#take();
    this.#following.again();
    this.root.dataset.ready = "true";
  }

  /** Stand where the script says. */
  #take() {
    const { data } = this;
    this.#reports = data.reports;
    this.state = structuredClone(data.state);
    this.#codes = structuredClone(data.codes);
    this.#startCodes = structuredClone(data.startCodes);
    this.#stale = false;
    const answer = { shape: data.shape, pixels: fromBase64(data.pixels), codes: data.codes };
    this.#paint({ ...answer, classes: data.said ? [data.said] : undefined });
    this.#origin.take(answer);
    this.#show();
  }

  // ---- controls

  /** Class chips, handles of beta and of every dimension: what depends on the model. */
  #build() {
    const { blocks, directions, classes, colours, positions } = this.data;
    this.#start.setItems(this.#labels.length);
    this.#chips.build(classes, colours);
    this.#said.build(classes, colours, this.data.saidBy);
    this.#rates.build(positions);
    this.#rows.build(blocks, directions);
  }

  /**
   * @param {DirectionData} direction
   * @param {number} to
   */
  #moveAlong({ block, vector }, to) {
    const moves = movedAlong(vector, this.#codes[block][0], to);
    moves.forEach(([dimension, value]) => this.#put(block, dimension, value));
    if (block in this.data.below) this.#stale = true;
    this.#moved(block);
  }

  /** @param {DirectionData} direction */
  #putBackAlong(direction) {
    this.#moveAlong(direction, placeAlong(direction.vector, this.#startCodes[direction.block][0]));
    this.#report();
  }

  /**
   * Take a handle through its range and back.
   * @param {Handle} handle
   */
  #play(handle) {
    const { block } = handle;
    const wasPlaying = handle.play.textContent === "■";
    this.#stop?.();
    if (wasPlaying) return;
    const moved = structuredClone(this.state.moved[block]);
    this.#stop = () => {
      handle.rest();
      this.#stop = null;
      const before = { ...this.state.moved };
      delete before[block];
      if (moved) before[block] = moved;
      this.#change({ moved: before }, !moved);
    };
    handle.sweep(this.#rows.placeOf(handle, this.#codes), this.#stop);
  }

  /** @param {number} c */
  #chooseClass(c) {
    const { state } = this;
    // The same class once more gives an image its own back.
    const label = state.start !== "prior" && state.label === c ? null : c;
    const kept = Object.entries(state.moved).filter(([block]) => this.data.kept.includes(block));
    this.#change({ label, moved: Object.fromEntries(kept) }, true);
  }

  /**
   * @param {string} block
   * @param {number} beta
   */
  #chooseBeta(block, beta) {
    const betas = { ...this.state.betas, [block]: beta };
    this.#following.move(block, betas);
    this.#change({ betas });
  }

  /**
   * A slider of beta elsewhere moves: the script will hear of it from there.
   * @param {Record<string, number>} betas
   */
  #follow(betas) {
    if (alike(betas, this.state.betas)) return;
    this.state = { ...this.state, betas };
    this.#stale = true;
    this.#show();
    this.#ask();
  }

  // ---- changes

  /**
   * One coordinate moves: the codes are here, so only they are sent, unless others follow from it.
   * @param {string} block
   * @param {number} dimension
   * @param {number} to
   */
  #move(block, dimension, to) {
    this.#put(block, dimension, to);
    if (block in this.data.below) this.#stale = true; // only the server knows what is generated from it
    this.#moved(block);
  }

  /**
   * @param {string} block
   * @param {number} dimension
   * @param {number} to
   */
  #put(block, dimension, to) {
    const value = Number(to.toFixed(DECIMALS)); // what is shown live is what the link will say
    this.#codes[block][0][dimension] = value;
    (this.state.moved[block] ??= {})[dimension] = value;
  }

  /**
   * Show that coordinates of a block have moved, and ask for the picture.
   * @param {string} block
   */
  #moved(block) {
    this.#touched = true;
    this.#rows.show(this.#standing, block);
    this.#showMoves();
    this.#ask();
  }

  /**
   * @param {string} block
   * @param {number} dimension
   */
  #putBack(block, dimension) {
    this.#change({ moved: without(this.state.moved, block, dimension) }, true);
  }

  /**
   * The start, the class, the temperature or a beta change: the codes come back from the server.
   * @param {Partial<State>} patch
   */
  #change(patch, released = false) {
    const state = (this.state = { ...this.state, ...patch });
    if (state.start === "prior" && this.data.classes.length) state.label ??= this.#labels[state.item];
    this.#touched = this.#stale = true;
    this.#show();
    this.#ask();
    if (released) this.#report();
  }

  #ask() {
    const { state, data } = this;
    const common = { model: data.model, betas: state.betas, classes: data.said !== null };
    if (!this.#stale) {
      return this.#decoder.ask(CHANNEL, { ...common, codes: this.#codes }, (answer) => this.#paint(answer));
    }
    const start = { ...common, ...startOf(state, data), back: true };
    const moved = JSON.stringify(state.moved);
    this.#decoder.ask(CHANNEL, { ...start, move: state.moved }, (answer) => {
      // Something newer may have been asked since; its answer follows.
      if ("codes" in answer && moved === JSON.stringify(this.state.moved)) {
        this.#codes = answer.codes;
        this.#stale = false;
        this.#rows.show(this.#standing);
      }
      this.#paint(answer);
    });
    this.#decoder.ask(START_CHANNEL, start, (answer) => {
      if ("error" in answer) return;
      this.#origin.show(answer);
      this.#startCodes = answer.codes;
      this.#rows.show(this.#standing);
    });
  }

  #report() {
    this.#touched = false;
    this.setStateValue("state", { ...structuredClone(this.state), reports: ++this.#reports });
  }

  // ---- what is shown

  /** @param {Decoded | Refusal} answer */
  #paint(answer) {
    if ("error" in answer) {
      this.#status.textContent = answer.error;
      return;
    }
    putPicture(this.#canvas, answer);
    showFitted(this.#canvas, SIDE);
    this.#said.show(answer.classes?.[0]);
    this.root.dataset.painted = String(Number(this.root.dataset.painted ?? 0) + 1);
    this.#tell();
  }

  #tell() {
    const text = this.#decoder.online
      ? "Live: the picture follows the handles."
      : "Live decoding is not connected: the picture follows when a handle is released. Trying again …";
    if (this.#status.textContent !== text) this.#status.textContent = text;
    this.root.dataset.live = String(this.#decoder.online);
  }

  #show() {
    const { state, data } = this;
    const itsClass = this.#labels[state.item];
    this.#start.show(state, data.userImage !== null, data.classes[itsClass]);
    this.#chips.show(
      state.label ?? { item: itsClass, prior: 0, own: -1 }[state.start],
      state.start === "prior",
      data.kept,
      data.kind.one,
      data.blocks.every(({ name }) => data.kept.includes(name)),
    );
    this.#rates.show(state.betas);
    const words = startInWords(state, data.classes, data.kind.one);
    this.#origin.words = words;
    this.#canvas.setAttribute("aria-label", `Decoded ${data.kind.one}, ${words}`);
    this.#rows.show(this.#standing);
    if (!data.alone) this.#rows.lead(aboutOf(state, data.model));
    this.#showMoves();
  }

  get #standing() {
    return { codes: this.#codes, start: this.#startCodes, moved: this.state.moved };
  }

  #showMoves() {
    const moved = count(this.state.moved);
    this.#moves.textContent = moved
      ? `${moved} of ${this.#rows.coordinates} coordinates moved`
      : "nothing moved yet";
    this.#reset.disabled = !moved;
  }

  /** The picture with its start and its moves in words, as SVG text. */
  #saved() {
    return savedPicture(this.root, this.#canvas, worded("Decoded image", this.data.kind), [
      this.#origin.words,
      ...this.#rows.words(),
    ]);
  }

  destroy() {
    this.#rows.rest();
    this.#unwatch();
    this.#following.end();
    this.#decoder.withdraw(CHANNEL);
    this.#decoder.withdraw(START_CHANNEL);
    this.root.remove();
  }
}
