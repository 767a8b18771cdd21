// A run on one screen: the latent map of fixed items, pictures, curves and bars at one frame; a timeline; and what steers it.

import { element, oncePerFrame, themed } from "../shared/elements.js";
import { drawBars } from "./bars.js";
import { drawCurves, stepAt } from "./curves.js";
import { detailOf } from "./detail.js";
import { Following } from "./following.js";
import { lastBefore, nearest } from "./frames.js";
import { changed, isLive, sentence, sentences } from "./says.js";
import { curvesOf, Series } from "./series.js";
import { Side } from "./side.js";
import { flat, Steering } from "./steering.js";
import { Timeline } from "./timeline.js";

/**
 * What the script sends.
 * @typedef {object} TrainingData
 * @property {string} run
 * @property {string} route
 * @property {string} refused why this visitor may not steer it
 * @property {string[]} colours of the classes
 * @property {string[]} shades of blocks and terms
 * @property {string[]} others runs that it can be compared with
 * @property {boolean} lesson whether the strip of a lesson takes a part of the screen
 * @property {string} noMp4 why there is no MP4 of it; empty where there is
 */

/** @typedef {import("../shared/mounting.js").Call<TrainingData>} TrainingCall */

/** @param {string} name of the kind of file */
const film = (name) =>
  element("a", { class: "film", download: true, title: "The whole training as a moving picture" }, name);

export class Training {
  /** @type {Following | null} */
  #run = null;
  /** @type {Following | null} the one that it is compared with */
  #other = null;
  #series = new Series();
  #otherSeries = new Series();
  #state = ""; // as far as it matters for the script
  #asked = ""; // the last one that was given here
  #light = element("i", { class: "light" });
  #where = element("output", { class: "where" });
  #said = element("p", { class: "said", role: "status" });
  #scores = element("canvas", { class: "curve", role: "img", "aria-label": "Loss and distortion by step" });
  #rates = element("canvas", { class: "curve", role: "img", "aria-label": "Rates and penalties by step" });
  #bars = element("canvas", { class: "kl", role: "img", "aria-label": "KL of each dimension" });
  #plots = element("div", { class: "plots" }, this.#scores, this.#rates, this.#bars);
  #detail = element("div", { class: "over", hidden: true });
  #compare = element("select", { "aria-label": "Compare with another run" });
  #films = { webp: film("WebP"), mp4: film("MP4"), gif: film("GIF") };
  #fork = element("form", { class: "fork", hidden: true });
  #from = element("span");
  #later = oncePerFrame(() => this.#draw());
  #side = new Side(this.#later);
  #second = new Side(this.#later);
  #timeline = new Timeline(this.#later);
  #steering = new Steering(
    (do_, name, value) => void this.#order(do_, name, value),
    () => this.#openFork(),
  );
  #resize = new ResizeObserver(() => this.#later());

  /**
   * @param {ParentNode} parent
   * @param {TrainingCall} call
   */
  constructor(parent, call) {
    this.call = call;
    this.#second.root.hidden = true;
    const head = element("div", { class: "head" }, this.#light, this.#where, this.#steering.buttons);
    const plots = element("div", { class: "right" }, this.#plots, this.#detail);
    const foot = element(
      "div",
      { class: "foot" },
      this.#timeline.root,
      this.#compare,
      element("span", { class: "films" }, ...Object.values(this.#films)),
    );
    this.root = element(
      "div",
      { class: "training", "data-ready": "false" },
      head,
      this.#said,
      this.#fork,
      element("div", { class: "stage" }, this.#side.root, this.#second.root, plots),
      this.#steering.numbers,
      foot,
    );
    parent.append(this.root);
    for (const canvas of [this.#scores, this.#rates])
      canvas.addEventListener("pointerdown", (event) => this.#jump(canvas, event));
    this.#films.mp4.onclick = (event) => {
      if (this.call.data.noMp4) event.preventDefault();
      this.#complain(this.call.data.noMp4);
    };
    this.#compare.onchange = () => this.#compareWith(this.#compare.value);
    this.#resize.observe(this.root);
  }

  /** @param {TrainingCall} call */
  update(call) {
    this.call = call;
    const { run, route, others, lesson } = call.data;
    this.root.classList.toggle("lesson", lesson);
    if (this.#run?.run !== run) {
      this.#run?.end();
      this.#state = "";
      this.#run = new Following(route, run, () => this.#news());
    }
    const chosen = this.#other?.run ?? "";
    const options = others.filter((name) => name !== run);
    this.#compare.replaceChildren(
      element("option", { value: "" }, "compare with …"),
      ...options.map((name) => element("option", { value: name, selected: name === chosen }, name)),
    );
    this.#compare.hidden = !options.length;
    this.#later();
  }

  // ---- what the server says

  #news() {
    const run = this.#run;
    if (!run) return;
    const { state, saved = 0 } = run.status;
    // The script shows what can be done with the whole run, which is other once it trains, has an epoch, has ended, or has a map.
    const now = [
      isLive(state),
      state === "queued" || state === "starting",
      saved > 0,
      run.then.done ?? [],
    ].join();
    if (this.#state && this.#state !== now) this.call.setTriggerValue("ended", now);
    this.#state = now;
    this.root.dataset.state = state;
    this.root.dataset.frames = String(run.frames?.count ?? 0);
    this.root.dataset.changes = String(run.status.changes?.length ?? 0);
    this.root.dataset.ready = "true";
    this.#answered();
    this.#later();
  }

  /**
   * @param {string} do_
   * @param {string} [name]
   * @param {number | Record<string, number>} [value]
   */
  async #order(do_, name, value) {
    const came = await this.#run?.order("steer", { do: do_, name, value });
    this.#asked = came?.order ?? "";
    this.#complain(came?.refused ?? "");
  }

  /** What the training said of the last order, where it could not be obeyed. */
  #answered() {
    const [, said] = this.#run?.status.answers?.find(([order]) => order === this.#asked) ?? [];
    if (said && this.#said.dataset.refused !== said) this.#complain(said);
  }

  /** @param {string} sentence */
  #complain(sentence) {
    this.#said.dataset.refused = sentence;
    this.#later();
  }

  // ---- what if

  #openFork() {
    const run = this.#run;
    if (!run) return;
    const numbers = flat(run.status.values ?? {});
    const fields = numbers.map(({ label, value, name, block }) => {
      const field = element("input", {
        type: "number",
        step: "any",
        value,
        "data-name": name,
        "data-block": block,
      });
      return element("label", {}, label, field);
    });
    const begin = element("button", { type: "submit" }, "Begin");
    const leave = element("button", { type: "button" }, "Cancel");
    leave.onclick = () => (this.#fork.hidden = true);
    this.#fork.replaceChildren(this.#from, ...fields, begin, leave);
    this.#fork.hidden = false;
    this.#fork.onsubmit = (event) => {
      event.preventDefault();
      void this.#begin(run.steps[this.#timeline.at] ?? 0);
    };
    this.#later();
  }

  /**
   * Where a fork would begin: weights are kept of some steps only.
   * @param {Following} run
   * @param {number} now
   */
  #sayFrom({ status }, now) {
    const kept = [...(status.snapshots ?? []).map(([step]) => step), this.#savedStep(status)];
    const near = nearest(kept, now).toLocaleString("en");
    this.#from.textContent = `A new run from step ${near}, the nearest to what is shown whose weights are kept, with`;
  }

  /** @param {import("./following.js").Status} status */
  #savedStep({ saved = 0, steps = 0, epochs = 1 }) {
    return Math.round((saved * steps) / epochs);
  }

  /** @param {number} step */
  async #begin(step) {
    const run = this.#run;
    if (!run) return;
    /** @type {Record<string, any>} */
    const set = {};
    for (const field of this.#fork.querySelectorAll("input")) {
      const { name = "", block = "" } = field.dataset;
      const before = run.status.values?.[name];
      const value = Number(field.value);
      if (block) set[name] = { ...(set[name] ?? /** @type {object} */ (before)), [block]: value };
      else set[name] = value;
    }
    for (const [name, value] of Object.entries(set)) {
      if (JSON.stringify(value) === JSON.stringify(run.status.values?.[name])) delete set[name];
    }
    const came = await run.order("fork", { step, set });
    this.#fork.hidden = true;
    this.#complain(came.refused);
    if (came.run) this.call.setTriggerValue("opened", came.run);
  }

  // ---- two runs

  /** @param {string} name */
  #compareWith(name) {
    this.#other?.end();
    this.#other = name ? new Following(this.call.data.route, name, this.#later) : null;
    this.#second.root.hidden = !name;
    this.root.classList.toggle("two", Boolean(name));
    this.#later();
  }

  // ---- what is shown

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {PointerEvent} event
   */
  #jump(canvas, event) {
    const run = this.#run;
    if (!run?.steps.length) return;
    const axes = {
      width: canvas.clientWidth,
      height: canvas.clientHeight,
      steps: this.#steps,
      range: /** @type {[number, number]} */ ([0, 1]),
    };
    const go = (/** @type {PointerEvent} */ { clientX }) => {
      const x = clientX - canvas.getBoundingClientRect().left;
      this.#timeline.show(lastBefore(run.steps, stepAt(axes, x)));
    };
    canvas.setPointerCapture(event.pointerId);
    go(event);
    canvas.onpointermove = go;
    canvas.onpointerup = canvas.onpointercancel = () => (canvas.onpointermove = null);
  }

  /** As far as the curves go, and a little farther. */
  get #steps() {
    const last = (/** @type {Following | null} */ run) => {
      const now = run?.steps[run.steps.length - 1] ?? 0;
      return Math.max(now, Math.min(run?.status.steps ?? 0, Math.ceil(1.15 * now)));
    };
    return Math.max(last(this.#run), last(this.#other), 1);
  }

  #draw() {
    const run = this.#run;
    if (!run) return;
    const { colours, refused } = this.call.data;
    const look = {
      ink: themed(this.root, "text-color", "#222"),
      quiet: "#8a8a8a",
      font: getComputedStyle(this.root).fontFamily,
    };
    const now = run.steps[this.#timeline.live ? run.steps.length - 1 : this.#timeline.at] ?? 0;
    this.#timeline.update(run.frames?.count ?? 0, `step ${now.toLocaleString("en")}`);
    this.#say(run);
    this.#steering.show(run.status, run.then, !refused);
    this.#side.draw(run, this.#timeline.at, { colours, look, title: this.#other ? run.run : "" });
    if (this.#other) {
      const title = this.#other.run;
      this.#second.draw(this.#other, lastBefore(this.#other.steps, now), { colours, look, title });
    }
    this.#drawPlots(run, now, look);
    this.#drawDetail(run);
    if (!this.#fork.hidden) this.#sayFrom(run, now);
    this.root.dataset.at = String(now);
  }

  /** @param {Following} run */
  #say(run) {
    const { status, then, trouble } = run;
    this.#light.className = `light ${status.state}`;
    this.#where.textContent = status.state ? sentence(status) : "…";
    const follows = then.doing
      ? then.doing === "starting"
        ? "Its map and its evaluation begin."
        : `Now its ${then.doing}: ${then.line}`
      : then.failed
        ? `What follows the training failed: ${then.failed}`
        : "";
    const lines = new Set([this.#said.dataset.refused, trouble, status.said, follows]);
    const text = sentences([...lines]);
    if (this.#said.textContent !== text) this.#said.textContent = text;
    const film = `${run.address}/film?${this.#side.umap ? "map=umap&" : ""}as=`;
    for (const [kind, link] of Object.entries(this.#films)) link.href = `${film}${kind}`;
    for (const link of Object.values(this.#films)) link.hidden = (run.frames?.count ?? 0) < 2;
  }

  /**
   * @param {Following} run
   * @param {number} at
   * @param {{ink: string, quiet: string, font: string}} look
   */
  #drawPlots(run, at, look) {
    const { shades } = this.call.data;
    const own = curvesOf(run, this.#series.read(run), shades, false);
    const other = this.#other
      ? curvesOf(this.#other, this.#otherSeries.read(this.#other), shades, true)
      : null;
    const marks = (run.status.changes ?? []).flatMap(({ step, name, after }) =>
      typeof after === "number"
        ? [{ step, text: changed({ name, after }) }]
        : Object.entries(after).map(([block, value]) => ({
            step,
            text: changed({ name: `${name}(${block})`, after: Number(value) }),
          })),
    );
    const beside = this.#other ? ` · dashed: ${this.#other.run}` : "";
    const shared = { marks, steps: this.#steps, at, look };
    drawCurves(this.#scores, {
      title: `loss, nats ${run.header?.an ?? "an image"}${beside}`,
      curves: [...own.scores, ...(other?.scores ?? [])],
      ...shared,
    });
    drawCurves(this.#rates, {
      title: `rates and penalties, nats ${run.header?.an ?? "an image"}`,
      curves: [...own.rates, ...(other?.rates ?? [])],
      ...shared,
      marks: [],
    });
    this.#drawBars(run, look);
  }

  /**
   * @param {Following} run
   * @param {{ink: string, quiet: string, font: string}} look
   */
  #drawBars({ header, frames }, look) {
    if (!header || !frames) return;
    const values = frames.values("kl", this.#timeline.at);
    let start = 0;
    const blocks = Object.entries(header.blocks).map(([name, size]) => {
      const own = Array.from(values).slice(start, start + size);
      start += size;
      return { name, values: own };
    });
    const last = Array.from(frames.values("kl", frames.count - 1)).filter(Number.isFinite);
    const most = Math.max(...last, ...Array.from(values).filter(Number.isFinite), 1);
    drawBars(this.#bars, { blocks, most, colours: this.call.data.shades, look });
  }

  /** @param {Following} run */
  #drawDetail({ detail, status, header }) {
    const shown = status.state === "paused" && detail?.step === status.step ? detail : null;
    this.#detail.hidden = !shown;
    if (!shown || this.#detail.dataset.step === String(shown.step)) return;
    this.#detail.dataset.step = String(shown.step);
    this.#detail.replaceChildren(detailOf(shown, header?.picture ?? [1, 1, 1], header?.many));
  }

  destroy() {
    this.#run?.end();
    this.#other?.end();
    this.#timeline.end();
    this.#resize.disconnect();
    this.#later.cancel();
    this.root.remove();
  }
}
