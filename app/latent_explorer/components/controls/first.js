// The first sight: an image, its encoder, a few handles with a picture at each end, the decoder, and the image that comes out.
// Until somebody touches it, the handles move by themselves, one after the other.

import { alike, Following } from "../shared/betas.js";
import { pageDecoder } from "../shared/decoder.js";
import { element } from "../shared/elements.js";
import { arrive } from "../shared/arriving.js";
import { fromBase64 } from "../shared/envelope.js";
import { putPicture, showFitted } from "../shared/pixels.js";
import { DECIMALS } from "../shared/protocol.js";
import { worded } from "../shared/words.js";
import { ClassBars, READ } from "./classes.js";
import { Ended } from "./ended.js";
import { EveryClass } from "./every.js";
import { Handle } from "./handle.js";
import { Pad } from "./pad.js";
import { Performing } from "./performing.js";
import { count, intoClass, shownAs, startOrDrawing, without } from "./state.js";

/**
 * @typedef {import("../shared/decoder.js").Decoded} Decoded
 * @typedef {import("../shared/decoder.js").Refusal} Refusal
 * @typedef {import("./state.js").Codes} Codes
 * @typedef {import("./state.js").FirstData} FirstData
 * @typedef {import("./state.js").HandleData} HandleData
 * @typedef {import("../shared/mounting.js").Call<FirstData>} FirstCall
 */

const CHANNEL = "first";
const SIDE = "var(--picture)"; // of the longer side of the picture, which grows with the window

/**
 * @param {string} text
 * @param {string} title
 */
const tool = (text, title) => element("button", { type: "button", class: "tool", title }, text);

/** @param {string} words */
const arrow = (words) =>
  element("div", { class: `arrow ${words}`, "aria-hidden": "true" }, element("span", {}, words), "→");

export class First {
  #decoder = pageDecoder();
  #following = new Following(
    () => this.data.model,
    ({ betas }) => this.#follow(betas),
  );
  #structure = "";
  #reports = 0;
  #touched = false; // whether something has changed since the last report
  #stale = false; // whether the codes here belong to an older start
  /** @type {Map<Handle, Ended>} */
  #handles = new Map();
  /** @type {Codes} */
  #codes = {};
  /** @type {Codes} */
  #startCodes = {};
  /** @type {number[] | undefined} p(class | code) */
  #shares;

  #canvas = element("canvas", { class: "picture", role: "img", width: 28, height: 28 });
  #said = new ClassBars();
  #every = new EveryClass(this.#decoder, (c) => this.#chooseClass(c));
  #status = element("output", { class: "status", "aria-live": "polite" });
  #rows = element("div", { class: "rows" });
  #heading = element("h4");
  #another = tool("", "Another one of the test set, at random");
  #draw = tool("", "Clear the paper on the left, and draw on it");
  #class = tool("", "Keep everything else, and take the class of another");
  #back = tool("Back to the start", "Put every handle back");
  #pad;
  #performing;
  #unwatch;

  /**
   * @param {ParentNode} parent
   * @param {FirstCall} call
   */
  constructor(parent, { data, setStateValue }) {
    this.data = data;
    this.setStateValue = setStateValue;
    this.state = data.state;
    this.#pad = new Pad(data.paper, (strokes, isDone) => this.#drawn(strokes, isDone));
    this.#performing = new Performing(
      {
        handles: () => [...this.#handles.keys()],
        at: ({ block, dimension }) => this.#codes[block][0][dimension],
        isMoved: () => count(this.state.moved) > 0,
        isStill: () => matchMedia("(prefers-reduced-motion: reduce)").matches,
        rested: (/** @type {Handle} */ handle) => this.#rested(handle),
      },
      !data.narrow,
    );
    const tools = [this.#draw, this.#another, this.#class, this.#back];
    this.root = element(
      "div",
      { class: `live-controls first${data.narrow ? " narrow" : ""}`, "data-ready": "false" },
      this.#pad.root,
      arrow("encoder"),
      element("div", { class: "code" }, this.#heading, this.#rows),
      arrow("decoder"),
      element("div", { class: "stage" }, this.#canvas),
      element("div", { class: "reading" }, this.#said.root, this.#every.root),
      element("div", { class: "tools" }, ...tools, this.#status),
    );
    parent.append(this.root);
    this.root.addEventListener("pointerdown", this.#interrupt, true);
    this.root.addEventListener("keydown", this.#interrupt, true);
    this.#draw.onclick = () => this.#clear();
    this.#another.onclick = () => this.#begin({ start: "item", item: this.#someItem(), label: null });
    this.#class.onclick = () => this.#chooseClass(this.#target);
    this.#back.onclick = () => this.#begin({});
    this.#unwatch = this.#decoder.watch(() => this.#tell());
  }

  /** @param {FirstCall} call */
  update({ data, setStateValue, setTriggerValue }) {
    this.data = data;
    this.setStateValue = setStateValue;
    arrive(data.address, setTriggerValue);
    const structure = JSON.stringify([data.model, data.blocks, data.classes]);
    if (structure !== this.#structure) {
      this.#structure = structure;
      this.#touched = false;
      this.#build();
    }
    if (data.reports >= this.#reports && !this.#touched) this.#take();
    this.#following.again();
    this.root.dataset.ready = "true";
    this.#performing.perform();
  }

  /** Stand where the script says. */
  #take() {
    const { data } = this;
    this.#performing.rest();
    this.#reports = data.reports;
    this.state = structuredClone(data.state);
    this.strokes = data.strokes.length ? data.strokes : undefined;
    this.#codes = structuredClone(data.codes);
    this.#startCodes = structuredClone(data.startCodes);
    this.#stale = false;
    const answer = { shape: data.shape, pixels: fromBase64(data.pixels), codes: data.codes };
    this.#paint({ ...answer, classes: data.said ? [data.said] : undefined });
    this.#showGiven(
      data.narrow ? answer : { shape: [1, ...data.shape.slice(1)], pixels: fromBase64(data.given) },
    );
    this.#show();
    this.#askPictures();
  }

  #build() {
    const { data } = this;
    const { blocks, classes, colours, kind } = data;
    this.#performing.rest();
    const before = [...this.#handles];
    this.#handles.clear();
    const isKept = data.kept.length > 0 && classes.length > 1 && !data.narrow;
    const caption = isKept ? `${READ}, and itself in every class` : READ;
    this.#said.build(classes, colours, data.saidBy, caption);
    this.#rows.replaceChildren(
      ...blocks.flatMap(({ name, unit, handles }) => handles.map((each) => this.#row(name, unit, each))),
    );
    for (const [{ name }, ended] of this.#handles) {
      const same = before.find(([other]) => other.name === name);
      if (same) ended.take(same[1]);
    }
    this.#heading.textContent = data.heading;
    this.#another.textContent = worded("Another image", kind);
    this.#draw.textContent = `Draw ${kind.an}`;
    this.#draw.hidden = !data.paper || data.narrow;
    this.#class.hidden = !data.kept.length || classes.length < 2;
    this.#every.build(isKept ? classes : []);
  }

  /**
   * @param {string} block
   * @param {string} unit
   * @param {HandleData} data
   */
  #row(block, unit, data) {
    const handle = new Handle(block, data, unit, this.#told);
    const ended = new Ended(handle);
    this.#handles.set(handle, ended);
    handle.play.onclick = () => this.#performing.play(handle);
    return ended.root;
  }

  /** @type {import("./handle.js").Told} */
  #told = {
    move: (block, dimension, to) => this.#move(block, dimension, to),
    putBack: (block, dimension) => this.#begin({}, without(this.state.moved, block, dimension)),
    leave: () => this.#report(),
  };

  #interrupt = () => this.#performing.interrupt();

  /**
   * What was shown by a sweep is undone.
   * @param {Handle} handle
   */
  #rested(handle) {
    const { block, dimension } = handle;
    this.#put(handle, this.state.moved[block]?.[dimension] ?? this.#startCodes[block][0][dimension]);
    this.#ask();
  }

  // ---- changes

  /**
   * @param {string} block
   * @param {number} dimension
   * @param {number} to
   */
  #move(block, dimension, to) {
    const value = Number(to.toFixed(DECIMALS));
    const handle = [...this.#handles.keys()].find((h) => h.block === block && h.dimension === dimension);
    if (!handle) return;
    if (!this.#performing.sweeping) {
      this.#touched = true;
      (this.state.moved[block] ??= {})[dimension] = value;
    }
    this.#put(handle, value);
    this.#ask();
    if (!this.#performing.sweeping) this.#askEvery();
  }

  /**
   * @param {Handle} handle
   * @param {number} value
   */
  #put(handle, value) {
    const { block, dimension } = handle;
    this.#codes[block][0][dimension] = value;
    this.#showHandle(handle);
    this.#back.disabled = !count(this.state.moved);
  }

  /**
   * Begin at another start; all handles stand where it puts them, but for those that are said.
   * @param {Partial<import("./state.js").State>} patch
   */
  #begin(patch, moved = /** @type {import("./state.js").Moves} */ ({}), isDone = true) {
    this.state = { ...this.state, ...patch, moved };
    this.#touched = this.#stale = true;
    this.#ask(true);
    if (isDone) this.#report();
  }

  /**
   * A slider of beta moves: the same start at other betas, which the script hears of from there.
   * @param {Record<string, number>} betas
   */
  #follow(betas) {
    if (alike(betas, this.state.betas)) return;
    this.#interrupt();
    this.state = { ...this.state, betas };
    this.#stale = true;
    this.#ask(true);
  }

  /** @param {number} c */
  #chooseClass(c) {
    const { kept } = this.data;
    const moved = Object.entries(this.state.moved).filter(([block]) => kept.includes(block));
    this.#begin({ label: c }, Object.fromEntries(moved));
  }

  #clear() {
    this.#pad.clear(this.data.aspect, "Draw here with mouse, pen or finger");
  }

  /**
   * @param {import("./pad.js").Stroke[]} strokes
   * @param {boolean} isDone
   */
  #drawn(strokes, isDone) {
    this.#interrupt();
    this.strokes = strokes;
    this.#begin({ start: "own", label: null }, {}, isDone);
  }

  #someItem() {
    return Math.floor(Math.random() * this.data.count);
  }

  // ---- the decoder

  /** @param {boolean} isNew whether the start has changed, which is shown on the left and at the ends */
  #ask(isNew = false) {
    const { state, data, strokes } = this;
    const common = { ...this.#common, classes: data.classes.length > 0 };
    const lower = Object.keys(data.below).length > 0;
    if (!this.#stale && !lower) {
      return this.#decoder.ask(CHANNEL, { ...common, codes: this.#codes }, (answer) => this.#paint(answer));
    }
    const swept = this.#performing.sweeping
      ? shownAs(state.moved, this.#performing.sweeping, this.#codes)
      : state.moved;
    const start = { ...common, ...startOrDrawing(state, data, strokes), back: true };
    this.#decoder.ask(CHANNEL, { ...start, move: swept }, (answer) => {
      if ("codes" in answer && !this.#performing.sweeping) this.#codes = answer.codes;
      this.#paint(answer);
      this.#show();
    });
    if (!isNew) return;
    this.#decoder.ask(`${CHANNEL}-start`, start, (answer) => {
      if ("error" in answer) return;
      this.#startCodes = structuredClone(answer.codes);
      this.#stale = false;
      this.#show();
      this.#askPictures();
    });
    const given = { ...common, ...startOrDrawing({ ...state, label: null }, data, strokes) };
    this.#decoder.ask(`${CHANNEL}-given`, given, (answer) => "error" in answer || this.#showGiven(answer));
  }

  /** The small pictures: at the ends of the handles, of the code as it started, and in every class. */
  #askPictures() {
    const { data } = this;
    for (const [handle, ended] of this.#handles)
      ended.ask(this.#decoder, this.#common, this.#startCodes, data.below[handle.block] ?? []);
    this.#askEvery();
  }

  #askEvery() {
    this.#every.ask(this.#common, this.#codes, this.data.kept);
  }

  get #common() {
    return { model: this.data.model, betas: this.state.betas };
  }

  #report() {
    this.#touched = false;
    const { state, strokes = null } = this;
    const drawn = state.start === "own" ? strokes : null;
    this.setStateValue("state", { ...structuredClone(state), strokes: drawn, reports: ++this.#reports });
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
    this.#shares = answer.classes?.[0];
    this.#said.show(this.#shares);
    this.root.dataset.painted = String(Number(this.root.dataset.painted ?? 0) + 1);
    this.#tell();
  }

  /** @param {import("../shared/pixels.js").Images} images what is decoded of the start */
  #showGiven(images) {
    const { state, data, strokes } = this;
    this.#pad.showStart(state, data, strokes, images);
  }

  #tell() {
    const text = this.#decoder.online ? "" : "Live decoding is not connected. Trying again …";
    if (this.#status.textContent !== text) this.#status.textContent = text;
    this.root.dataset.live = String(this.#decoder.online);
  }

  #show() {
    const { data, state } = this;
    this.#handles.forEach((_, handle) => this.#showHandle(handle));
    this.#back.disabled = !count(state.moved);
    this.#canvas.setAttribute("aria-label", `Decoded ${data.kind.one}`);
    const [target, words] = intoClass(state.label ?? this.#best(), data.classes, data.kind.one === "image");
    this.#target = target;
    this.#class.textContent = words;
  }

  #target = 0;

  /** The most probable class. */
  #best() {
    return this.#shares ? this.#shares.indexOf(Math.max(...this.#shares)) : -1;
  }

  /** @param {Handle} handle */
  #showHandle(handle) {
    const { block, dimension } = handle;
    const from = this.#startCodes[block]?.[0][dimension];
    const isMoved = this.state.moved[block]?.[dimension] !== undefined;
    handle.show(this.#codes[block][0][dimension], isMoved, from);
  }

  /** @type {import("./pad.js").Stroke[] | undefined} of the visitor's drawing, where there is one */
  strokes;

  destroy() {
    this.#performing.destroy();
    this.#unwatch();
    this.#following.end();
    this.#pad.destroy();
    this.#every.destroy();
    this.#decoder.withdraw(CHANNEL);
    this.root.remove();
  }
}
