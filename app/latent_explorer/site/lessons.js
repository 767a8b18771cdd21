// Lessons on a published page: what there is, and over any view the strip of a step: its text, its task and whether it is done, the way on.

import { element } from "../components/shared/elements.js";
import { keep, kept, merged, without } from "../components/lesson/progress.js";
import { fact } from "./facts.js";
import { done } from "./goals.js";
import { sentence, told } from "./loading.js";

/**
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("../components/lesson/progress.js").Of} Of
 */

/** @typedef {{name: string, title: string, about: string, minutes: number, count: number}} Entry of the shelf; `about` is HTML */

/** @typedef {{ask: string, choices: {text: string, shown: string}[], answer: string, because: string}} Question */

/**
 * A step; texts are HTML that `publish` wrote.
 * @typedef {object} Step
 * @property {string} title
 * @property {string} text
 * @property {string} query of the address: where it is
 * @property {string} task
 * @property {string} hint
 * @property {import("./goals.js").Condition[]} goal
 * @property {Question | null} question
 */

/** @typedef {{name: string, title: string, steps: Step[]}} Lesson */
/** @typedef {{pages: Record<string, string[]>, lessons: Lesson[]}} Held */

const LEAVE = "Leave the lesson; your progress is kept";
const WAIT_MS = 250; // after the last change, until it is looked whether the task is done

/**
 * The address of a step.
 * @param {string} name
 * @param {string} query
 * @param {number} number from 1
 */
const addressOf = (name, query, number) => `?${query}&lesson=${name}&step=${number}`;

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} html of `publish`
 */
function written(tag, html, attributes = {}) {
  const node = element(tag, attributes);
  node.innerHTML = html;
  return node;
}

/** @returns {Of} */
const nothing = () => ({ done: [], seen: [], guesses: {}, at: 0 });

/**
 * What of a lesson this browser knows.
 * @param {string} name
 */
const progressOf = (name) => kept()[name] ?? nothing();

/**
 * The lessons that there are.
 * @param {Site} site
 * @param {HTMLElement} place
 */
export async function shelf(site, place) {
  const entries = site.page.lessons ?? [];
  const cards = entries.map(({ name, title, about, minutes, count }) => {
    const { seen, at } = progressOf(name);
    const step = seen.length ? Math.min(at, count - 1) + 1 : 1;
    const words = seen.length ? `Go on at step ${step}` : "Begin";
    const way = element("a", { class: "begin", href: `?lesson=${name}&step=${step}` }, words);
    way.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      site.go(`?lesson=${name}&step=${step}`);
    };
    const size = element("p", { class: "caption" }, `${minutes} minutes, ${count} steps`);
    return element("article", {}, element("h2", {}, title), written("p", about), size, way);
  });
  place.append(element("div", { class: "shelf" }, ...cards));
  return { destroy: () => {} };
}

/** The strip of the step that the address names. */
export class Strip {
  root = element("aside", { class: "lesson", "aria-label": "Lesson", hidden: true });
  /** @type {Held | null} */
  #held = null;
  /** @type {Lesson | null} */
  #lesson = null;
  #number = 0; // of the step, from 0
  #timer = 0;
  #turn = 0;
  #mark = element("span", { class: "mark", "aria-hidden": "true" });
  #state = element("span", { class: "state", role: "status" });
  #forward = element("a", { class: "way" }, "Next");
  #here = element("a", { class: "way", title: "Go to where this step begins" }, "To this step");

  /** @param {(address: string) => void} go shows what an address asks for */
  constructor(go) {
    this.go = go;
  }

  /** What the address says of it. */
  get said() {
    return this.#lesson ? `&lesson=${this.#lesson.name}&step=${this.#number + 1}` : "";
  }

  /**
   * An address that names a step and no page, as that of the step's own page.
   * @param {URLSearchParams} asked
   * @param {readonly Entry[]} entries
   */
  async arriving(asked, entries) {
    const name = asked.get("lesson");
    if (!name || asked.has("page") || !entries.some((each) => each.name === name)) return asked;
    const held = await this.#all().catch(() => null); // which `open` says
    if (!held) return asked;
    const steps = held.lessons.find((each) => each.name === name)?.steps ?? [];
    const number = Number(asked.get("step") || 1);
    const step = steps[number - 1] ?? steps[0];
    const address = addressOf(name, step.query, steps.indexOf(step) + 1);
    history.replaceState({}, "", address);
    return new URLSearchParams(address);
  }

  /** @returns {Promise<Held>} */
  async #all() {
    return (this.#held ??= /** @type {Held} */ (await told("lessons.json")));
  }

  /**
   * Open what the address asks for, or shut it; a sentence where it is not there.
   * @param {URLSearchParams} asked
   * @param {readonly Entry[]} entries
   */
  async open(asked, entries) {
    const name = asked.get("lesson") ?? "";
    const entry = entries.find((each) => each.name === name);
    this.#lesson = null;
    this.root.hidden = true;
    if (!entry) return name ? `This site has no lesson called “${name.slice(0, 60)}”.` : "";
    const held = await this.#all().catch((error) => sentence(error).replace(/\.?$/, "."));
    if (typeof held === "string") return held;
    const lesson = held.lessons.find((each) => each.name === name) ?? null;
    if (!lesson) return "";
    const number = Number(asked.get("step") || 1);
    const inside = Number.isInteger(number) && number >= 1 && number <= lesson.steps.length;
    this.#lesson = lesson;
    this.#number = inside ? number - 1 : 0;
    this.#know((known) => ({ ...known, at: this.#number, seen: [...known.seen, this.#number] }));
    this.#draw();
    return inside ? "" : `This lesson has steps 1 to ${lesson.steps.length}.`;
  }

  /** @param {(known: Of) => Of} change */
  #know(change) {
    const { name } = /** @type {Lesson} */ (this.#lesson);
    keep(merged(kept(), { [name]: change(progressOf(name)) }));
  }

  #draw() {
    const { title, name, steps } = /** @type {Lesson} */ (this.#lesson);
    const [number, step] = [this.#number, steps[this.#number]];
    const way = (/** @type {string} */ words, /** @type {string} */ address) => {
      const link = element("a", { class: "way", href: address }, words);
      this.#leads(link);
      return link;
    };
    const fold = element("button", { type: "button", class: "way", "aria-expanded": true }, "Fold");
    fold.onclick = () => {
      const folded = this.root.toggleAttribute("data-folded");
      fold.textContent = folded ? "Unfold" : "Fold";
      fold.setAttribute("aria-expanded", String(!folded));
    };
    const at = (/** @type {number} */ other) => addressOf(name, steps[other].query, other + 1);
    this.#forward.hidden = number + 1 === steps.length;
    if (!this.#forward.hidden) this.#forward.href = at(number + 1);
    this.#here.href = at(number);
    [this.#forward, this.#here].forEach((link) => this.#leads(link));
    const leave = element("button", { type: "button", class: "way", title: LEAVE }, "Leave");
    leave.onclick = () => this.go(new URL(without(location.href, ["lesson", "step"])).search);
    const ways = element(
      "nav",
      { "aria-label": "Steps" },
      element("span", { class: "told" }, `${title} · step ${number + 1} of ${steps.length}`),
      this.#here,
      ...(number ? [way("Back", at(number - 1))] : []),
      this.#forward,
      fold,
      leave,
    );
    const text = element("div", { class: "text" }, written("h2", step.title), written("div", step.text));
    const asks = element("div", { class: "asks" });
    if (step.task) asks.append(element("p", { class: "task" }, this.#mark, written("span", step.task)));
    if (step.hint) asks.append(hidden("Hint", written("p", step.hint)));
    if (step.question) asks.append(this.#question(step.question));
    asks.append(this.#state);
    this.root.replaceChildren(ways, element("div", { class: "body" }, text, asks));
    this.root.hidden = false;
    this.root.removeAttribute("data-folded");
    this.#tell(!step.goal.length || progressOf(name).done.includes(number));
  }

  /** @param {HTMLAnchorElement} link */
  #leads(link) {
    link.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.go(link.getAttribute("href") ?? "");
    };
  }

  /** @param {Question} question */
  #question({ ask, choices, answer, because }) {
    const { guesses } = progressOf(/** @type {Lesson} */ (this.#lesson).name);
    const number = String(this.#number);
    const says = element("p", { class: "answer", role: "status" });
    const show = (/** @type {string} */ guess) => {
      says.innerHTML = `<strong>${guess === answer ? "Right" : "No"}:</strong> ${because}`;
    };
    const options = choices.map(({ text, shown }) => {
      const input = element("input", { type: "radio", name: "guess" });
      input.checked = guesses[number] === text;
      input.onchange = () => {
        this.#know((known) => ({ ...known, guesses: { ...known.guesses, [number]: text } }));
        show(text);
        says.scrollIntoView({ block: "nearest" });
      };
      return element("label", {}, input, written("span", shown));
    });
    if (guesses[number]) show(guesses[number]);
    return hidden("Question", written("p", ask), ...options, says);
  }

  /** @param {boolean} ready */
  #tell(ready) {
    const { steps } = /** @type {Lesson} */ (this.#lesson);
    const { goal } = steps[this.#number];
    this.#mark.textContent = ready && goal.length ? "✓" : "○";
    this.#state.textContent = ready && goal.length ? "Done." : "";
    this.root.dataset.done = String(ready && goal.length > 0);
    this.#forward.classList.toggle("lit", ready);
  }

  /**
   * Look whether the task is done, a moment after the last change.
   * @param {Site} site
   */
  look(site) {
    clearTimeout(this.#timer);
    if (!this.#lesson) return;
    const own = new URLSearchParams(this.#lesson.steps[this.#number].query);
    const { view, model } = site.standing;
    this.#here.hidden = own.get("page") === view && (own.get("model") ?? model) === model;
    this.#timer = window.setTimeout(() => site.trying(this.#looked(site)), WAIT_MS);
  }

  /** @param {Site} site */
  async #looked(site) {
    const [lesson, number, held, turn] = [this.#lesson, this.#number, this.#held, ++this.#turn];
    if (!lesson || !held || progressOf(lesson.name).done.includes(number)) return;
    const isDone = await done(lesson.steps[number].goal, (name) => fact(site, name, held.pages));
    if (!isDone || turn !== this.#turn || lesson !== this.#lesson || number !== this.#number) return;
    this.#know((known) => ({ ...known, done: [...known.done, number] }));
    this.#tell(true);
  }
}

/**
 * What is shown when it is asked for.
 * @param {string} words
 * @param {...Node} parts
 */
const hidden = (words, ...parts) =>
  element("details", {}, element("summary", {}, words), element("div", {}, ...parts));
