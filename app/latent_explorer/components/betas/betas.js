// Dragging the marker asks the decoder; releasing it reports the betas to the script.

import { alike, Following } from "../shared/betas.js";
import { pageDecoder } from "../shared/decoder.js";
import { element, oncePerFrame, say, themed } from "../shared/elements.js";
import { unpack } from "../shared/envelope.js";
import { nearest } from "../shared/knots.js";
import { putPicture } from "../shared/pixels.js";
import { drawCloud } from "./cloud.js";
import { column } from "./column.js";
import { Frontier } from "./frontier.js";
import { planeWith } from "./plane.js";
import { saved } from "./saved.js";
import { count, number, reading, said, sentence } from "./says.js";

/**
 * What the script sends, before the arrays.
 * @typedef {object} BetasData
 * @property {string} model
 * @property {string} block
 * @property {number[]} positions that the marker can take
 * @property {number[]} columns betas
 * @property {Record<string, number>} betas the present ones of all blocks
 * @property {number} since what the present beta is compared with
 * @property {number} reports how many reports this answers to
 * @property {Partial<import("../shared/decoder.js").Request>} start of a request: what is decoded
 * @property {number[]} shape of the pictures: the columns, the present one, and the original where it is there
 * @property {import("./says.js").KeptData} kept
 * @property {string[]} shades of the dimensions
 * @property {number[]} order of the dimensions, the most used first; those that never matter are left out
 * @property {{betas: number[], shares: number[]}} cloud
 * @property {{betas: number[], mean: number[][], covariance: number[][]}} posterior
 * @property {boolean} circle
 * @property {string[]} colours
 * @property {number} reach
 * @property {import("./plane.js").PlaneData | null} plane
 * @property {{latents: string, an: string, one: string, shown: string, measured: string, prior: string}} words
 */

/** @typedef {import("../shared/mounting.js").Call<Uint8Array>} BetasCall */

const CHANNEL = "betas";

export class Betas {
  #decoder = pageDecoder();
  #following = new Following(
    () => this.data.model,
    ({ betas }) => this.#follow(betas),
  );
  #reports = 0;
  #touched = false;
  #at = 0; // among the positions
  #since = 1;
  /** @type {import("../shared/pixels.js").Images} */
  #images = { shape: [0, 0, 0, 0], pixels: [] };
  /** @type {import("./cloud.js").CloudData | null} */
  #cloud = null;
  /** @type {string[]} */
  #hrefs = [];
  #source = element("canvas", { width: 1, height: 1 });

  #now = element("canvas", { class: "picture", role: "img", width: 1, height: 1 });
  #nowCaption = element("figcaption");
  #given = element("canvas", { class: "given", role: "img", width: 1, height: 1 });
  #givenFigure;
  #columns = element("div", { class: "columns" });
  #marker = element("input", { type: "range", min: 0, step: 1, class: "marker" });
  #says = element("output", { class: "says", "aria-live": "polite" });
  #status = element("span", { class: "status" });
  #maps = [0, 1].map(() => ({
    canvas: element("canvas", { class: "cloud", role: "img" }),
    caption: element("figcaption"),
  }));
  #hold = element("button", { type: "button", class: "hold" }, "Compare from here");
  #frontier;
  #unwatch;
  #paintLater = oncePerFrame(() => this.#draw());
  #resize = new ResizeObserver(() => this.#paintLater());

  /**
   * @param {ParentNode} parent
   * @param {BetasCall} call
   */
  constructor(parent, { data, setStateValue }) {
    this.data = this.#opened(data);
    this.setStateValue = setStateValue;
    this.#givenFigure = element("figure", {}, this.#given, element("figcaption", {}, "original"));
    const [first, second] = this.#maps;
    second.caption.append(this.#hold);
    const stage = element(
      "div",
      { class: "stage" },
      element("figure", {}, this.#now, this.#nowCaption),
      this.#givenFigure,
    );
    const strip = element("div", { class: "strip" }, this.#columns, this.#marker);
    const maps = element(
      "div",
      { class: "maps" },
      element("figure", {}, first.caption, first.canvas),
      element("figure", {}, second.caption, second.canvas),
      element("p", { class: "axes" }),
    );
    /** @type {import("../shared/saving.js").FigureElement} */
    this.root = element(
      "div",
      { class: "betas", "data-ready": "false" },
      stage,
      strip,
      element("p", { class: "line" }, this.#says, this.#status),
      maps,
    );
    this.root.figure = () => this.#saved();
    parent.append(this.root);
    this.#frontier = new Frontier(this.root, this.data, this.#decoder, (betas) => this.#report(betas));
    maps.before(this.#frontier.root);
    this.#marker.oninput = () => this.#choose(Number(this.#marker.value));
    this.#marker.onchange = () => this.#report();
    this.#hold.onclick = () => {
      this.#since = this.#beta;
      this.#report();
      this.#draw();
    };
    this.#unwatch = this.#decoder.watch(() => this.#tell());
    this.#resize.observe(this.root);
  }

  /**
   * The header and the arrays of a call.
   * @param {Uint8Array} bytes
   */
  #opened(bytes) {
    /** @type {{header: BetasData, arrays: ArrayLike<number>[]}} */
    const { header, arrays } = /** @type {any} */ (unpack(bytes));
    const [pixels, levels, labels] = arrays;
    this.#images = { shape: header.shape, pixels };
    const { colours, reach, circle, posterior } = header;
    this.#cloud = { betas: header.cloud.betas, levels, labels, colours, reach, circle, posterior };
    return header;
  }

  /** @param {BetasCall} call */
  update({ data, setStateValue }) {
    this.setStateValue = setStateValue;
    this.data = this.#opened(data);
    this.#build();
    // An answer to an older report says nothing about what was done since.
    if (this.data.reports >= this.#reports && !this.#touched) this.#take();
    this.#following.again();
    this.#draw();
    this.#tell();
    this.root.dataset.ready = "true";
  }

  /** Stand where the script says. */
  #take() {
    const { data } = this;
    this.#reports = data.reports;
    this.#at = nearest(data.positions, data.betas[data.block]);
    this.#since = data.since;
    putPicture(this.#now, this.#images, data.columns.length);
  }

  get #beta() {
    return this.data.positions[this.#at];
  }

  /** The betas of all blocks, with the marker's. */
  get #betas() {
    return { ...this.data.betas, [this.data.block]: this.#beta };
  }

  /** What depends on the script alone. */
  #build() {
    const { data } = this;
    const { columns, shape, words } = data;
    this.#hrefs = columns.map((_, place) => this.#href(place));
    const readings = columns.map((beta) => reading(data.kept, beta));
    const most = Math.max(...readings.map(({ rate }) => rate));
    this.#columns.replaceChildren(
      ...columns.map((beta, place) => {
        const { root, canvas } = column(beta, readings[place], most, data);
        putPicture(canvas, this.#images, place);
        root.onclick = () => this.#jump(nearest(data.positions, beta));
        return root;
      }),
    );
    const hasOriginal = shape[0] > columns.length + 1;
    this.#givenFigure.hidden = !hasOriginal;
    if (hasOriginal) putPicture(this.#given, this.#images, columns.length + 1);
    this.#given.setAttribute("aria-label", `The ${words.one} itself`);
    this.#marker.max = String(data.positions.length - 1);
    this.#marker.setAttribute("aria-label", `β of the ${words.latents}`);
    this.root.dataset.columns = String(columns.length);
    this.root.style.setProperty("--wide", String(Math.min(1, shape[2] / shape[1])));
    this.root.classList.toggle("without-plane", !data.plane);
  }

  /** @param {number} place */
  #href(place) {
    putPicture(this.#source, this.#images, place);
    return this.#source.toDataURL();
  }

  // ---- the marker

  /** @param {number} at */
  #choose(at) {
    this.#at = at;
    this.#touched = true;
    this.#following.move(this.data.block, this.#betas);
    this.#ask();
  }

  /**
   * A slider of the sidebar moves, of this block's beta or of another's: the script hears of it from there.
   * @param {Record<string, number>} betas
   */
  #follow(betas) {
    if (alike(betas, this.#betas)) return;
    this.#at = nearest(this.data.positions, betas[this.data.block]);
    this.data = { ...this.data, betas };
    this.#ask();
  }

  #ask() {
    this.#paintLater();
    this.#decoder.ask(
      CHANNEL,
      { model: this.data.model, ...this.data.start, betas: this.#betas },
      (answer) => {
        if ("error" in answer) this.#status.textContent = answer.error;
        else {
          putPicture(this.#now, answer);
          this.root.dataset.painted = String(Number(this.root.dataset.painted ?? 0) + 1);
          this.#tell();
        }
      },
    );
  }

  /** @param {number} at */
  #jump(at) {
    this.#choose(at);
    this.#report();
  }

  /** Tell the script where the marker stands, or of the betas of a dot. */
  #report(betas = this.#betas) {
    this.#touched = false;
    this.#following.release();
    this.setStateValue("state", { betas, since: this.#since, reports: ++this.#reports });
  }

  #tell() {
    const text = this.#decoder.online
      ? ""
      : "Live decoding is not connected: the picture follows when the marker is let go.";
    if (this.#status.textContent !== text) this.#status.textContent = text;
    this.root.dataset.live = String(this.#decoder.online);
  }

  // ---- what is shown

  get #look() {
    return {
      ink: themed(this.root, "text-color", "#222"),
      quiet: "#8a8a8a",
      accent: themed(this.root, "link-color", "#418fd6"),
      font: getComputedStyle(this.root).fontFamily,
    };
  }

  #draw() {
    const { data } = this;
    const beta = this.#beta;
    const now = reading(data.kept, beta);
    this.#marker.value = String(this.#at);
    const { latents, one } = data.words;
    const active = `${count(now.active)} of ${now.active.length} dimensions awake`;
    const rate = Number.isFinite(now.rate) ? `${number(now.rate)} nats, ` : "";
    this.#marker.setAttribute("aria-valuetext", `β ${said(beta)}: ${rate}${active}`);
    this.#nowCaption.textContent = `decoded at β = ${said(beta)}`;
    this.#now.setAttribute("aria-label", `The ${one} decoded at β = ${said(beta)} of the ${latents}`);
    this.#says.textContent = sentence(data.kept, data.words, this.#since, beta);
    [...this.#columns.children].forEach((node, place) => {
      say(node, "pressed", nearest(data.positions, data.columns[place]) === this.#at);
      node.classList.toggle("since", said(data.columns[place]) === said(this.#since));
    });
    this.#drawMaps(beta);
    this.#frontier.draw(data, this.#look, this.#thumbnails, now);
  }

  /** @param {number} beta */
  #drawMaps(beta) {
    const { words, cloud } = this.data;
    [this.#since, beta].forEach((each, place) => {
      const { canvas, caption } = this.#maps[place];
      const text = `β = ${said(each)}`;
      if (caption.firstChild?.nodeType === Node.TEXT_NODE) caption.firstChild.nodeValue = text;
      else caption.prepend(text);
      canvas.setAttribute("aria-label", `Encodings at ${text}, in the units of their prior`);
      if (this.#cloud) drawCloud(canvas, this.#cloud, each, this.#look);
    });
    const [first, second] = cloud.shares.map((share) => `${Math.round(100 * share)} %`);
    const axes = /** @type {HTMLElement} */ (this.root.querySelector(".axes"));
    axes.textContent = `Both in σ of ${words.prior}; axes: the first two principal axes of all encodings (${first} and ${second} of their variance). Red: where the posterior of this ${words.one} lies (2 σ).${this.data.circle ? " Dashed: its prior (2 σ)." : ""}`;
  }

  /** The pictures of the strip, where the rate-distortion plane has their betas. */
  get #thumbnails() {
    const { columns, kept, shape } = this.data;
    return columns.map((beta, place) => {
      const { total = 0, distortion = 0 } = reading(kept, beta);
      return { rate: total, distortion, href: this.#hrefs[place], ratio: shape[2] / shape[1] };
    });
  }

  #saved() {
    const { data } = this;
    const look = this.#look;
    const thumbnails = this.#thumbnails;
    const now = reading(data.kept, this.#beta);
    const { plane } = data;
    return saved({
      columns: data.columns.map((beta, place) => ({
        beta,
        href: this.#hrefs[place],
        reading: reading(data.kept, beta),
      })),
      ratio: data.shape[2] / data.shape[1],
      sentence: this.#says.textContent ?? "",
      axes: this.root.querySelector(".axes")?.textContent ?? "",
      maps: this.#maps.map(({ canvas }, place) => ({
        href: canvas.toDataURL(),
        beta: place ? this.#beta : this.#since,
      })),
      plane: plane && ((width, height) => planeWith(plane, { ...look, width, height }, thumbnails, now)),
      title: `${data.model}: what is kept along β of the ${data.words.latents}`,
      look: { ...look, background: themed(this.root, "background-color", "#fff") },
    });
  }

  destroy() {
    this.#unwatch();
    this.#following.end();
    this.#resize.disconnect();
    this.#paintLater.cancel();
    this.#decoder.withdraw(CHANNEL);
    this.#frontier.destroy();
    this.root.remove();
  }
}
