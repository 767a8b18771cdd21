// A picture, and a handle for everything it is made of. Dragging asks the live route; releasing reports the state to the script.
//
// `element` and what saves a figure come from shared.js, `liveRoute` and `putPicture` from live.js; Python puts both in front.

const SIDE = 252, START_SIDE = 56;  // CSS pixels of the longer side of the picture, and of that of the start
const SWEEP_MS = 2600;   // how long a handle takes through its range and back
const COLLAPSED = "No dimension of this block is active: its posterior has collapsed onto the prior, so its handles hardly change the picture.";
const CHANNEL = "hands", START_CHANNEL = "hands-start";

const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);

class Hands {
  #live = liveRoute();
  #structure = "";
  #reports = 0;        // how often the script was told; its answer says which report it knows of
  #touched = false;    // whether something has changed since
  #stale = false;      // whether the codes here belong to an older start
  #sweep = 0;

  constructor(parent) {
    this.canvas = element("canvas", { class: "picture", role: "img", width: 28, height: 28 });
    this.startCanvas = element("canvas", { class: "start", role: "img", width: 28, height: 28 });
    this.startCaption = element("figcaption");
    this.moves = element("p", { class: "moves" });
    this.status = element("output", { class: "status", "aria-live": "polite" });
    this.reset = element("button", { type: "button", class: "tool", title: "Put every handle back to the start" }, "Back to the start");
    this.said = element("div", { class: "said", role: "img" });
    this.start = element("div", { class: "row" });
    this.chips = element("div", { class: "chips", role: "radiogroup", "aria-label": "Class" });
    this.betas = element("div", { class: "betas" });
    this.blocks = element("div", { class: "blocks" });
    this.root = element(
      "div",
      { class: "hands", "data-ready": "false" },
      element(
        "div",
        { class: "stage" },
        element("div", { class: "title" }, "Decoded image"),
        this.canvas,
        element("div", { class: "below" }, element("figure", {}, this.startCanvas, this.startCaption), element("div", {}, this.moves, this.reset)),
        this.said,
        this.status,
      ),
      element("div", { class: "controls" }, this.start, this.chips, this.betas, this.blocks),
    );
    this.root.figure = () => this.#svg();  // for who saves it from elsewhere on the page
    parent.append(this.root);
    this.#makeStart();
    this.reset.onclick = () => this.#change({ moved: {} }, true);
    this.unwatch = this.#live.watch(() => this.#tell());
  }

  // ---- the script's word

  update({ data, setStateValue }) {
    this.data = data;
    this.setStateValue = setStateValue;
    const structure = JSON.stringify([data.model, data.blocks, data.classes, data.positions, data.latents]);
    if (structure !== this.#structure) {
      this.#structure = structure;
      this.#touched = false;
      this.labels = fromBase64(data.labels);
      this.#build();
    }
    // An answer to an older report says nothing about what was done since.
    if (data.reports >= this.#reports && !this.#touched) {
      this.#reports = data.reports;
      this.state = structuredClone(data.state);
      this.codes = structuredClone(data.codes);
      this.#stale = false;
      const answer = { shape: data.shape, pixels: fromBase64(data.pixels) };
      this.#paint({ ...answer, classes: data.said && [data.said] });
      putPicture(this.startCanvas, answer, 1);
      fitted(this.startCanvas, START_SIDE);
      this.#show();
    }
    this.root.dataset.ready = "true";
  }

  // ---- controls

  /** The row that says where the code starts: an item, or a draw of the prior. */
  #makeStart() {
    const pill = (value, text, title) => {
      const button = element("button", { type: "button", class: "chip", role: "radio", "data-start": value, title }, text);
      button.onclick = () => this.#change({ start: value, moved: {} }, true);
      return button;
    };
    this.starts = [
      pill("item", "Test item", "Start from the posterior mean of an image of the test set"),
      pill("own", "Your image", "Start from the posterior mean of your own image"),
      pill("prior", "Prior", "Start from a draw of the prior; at temperature 0, from its mean"),
    ];
    this.item = element("input", { type: "number", min: 0, step: 1, "aria-label": "Item" });
    this.item.oninput = () => {
      const item = Math.round(Number(this.item.value));
      if (this.item.value !== "" && item >= 0 && item < this.labels.length) this.#change({ item, moved: {} });
    };
    this.item.onchange = () => {
      this.item.value = this.state.item;
      this.#report();
    };
    this.dice = element("button", { type: "button", class: "tool" });
    this.dice.onclick = () => this.#change(
      this.state.start === "item"
        ? { item: Math.floor(Math.random() * this.labels.length), moved: {} }
        : { seed: Math.floor(Math.random() * 10000), moved: {} },
      true,
    );
    this.temperature = this.#slider("Temperature", 0, 2, 0.05, (value) => this.#change({ temperature: value, moved: {} }));
    this.about = element("span", { class: "muted" });
    this.start.append(
      element("div", { class: "chips", role: "radiogroup", "aria-label": "Start from" }, ...this.starts),
      this.item,
      this.dice,
      this.temperature.root,
      this.about,
    );
  }

  /** A labelled range: `onInput(value)` while it moves, a report when it is left. */
  #slider(name, low, high, step, onInput) {
    const input = element("input", { type: "range", min: low, max: high, step, "aria-label": name });
    const value = element("output", { class: "value" });
    const root = element("label", { class: "slider" }, element("span", { class: "name" }, name), input, value);
    input.oninput = () => onInput(Number(input.value));
    input.onchange = () => this.#report();
    const show = (number, text) => {
      input.value = number;
      input.setAttribute("aria-valuetext", text);
      value.textContent = text;
    };
    return { root, input, show };
  }

  /** Class chips, handles of beta and of every dimension: what depends on the model. */
  #build() {
    const { blocks, classes, colours, positions } = this.data;
    this.item.max = this.labels.length - 1;
    this.chips.hidden = !classes.length;
    this.chips.replaceChildren(
      element("span", { class: "name" }, "Class"),
      ...classes.map((name, c) => {
        const swatch = element("span", { class: "swatch", style: `background:${colours[c]}` });
        const button = element("button", { type: "button", class: "chip", role: "radio", "data-class": c, "aria-label": `class ${name}` }, swatch, name);
        button.onclick = () => this.#chooseClass(c);
        return button;
      }),
    );
    this.rates = Object.entries(positions).map(([block, betas]) => {
      const rate = this.#slider(`β(${block})`, 0, betas.length - 1, 1, (place) =>
        this.#change({ betas: { ...this.state.betas, [block]: betas[place] } }));
      rate.input.dataset.beta = block;
      return { ...rate, block, betas };
    });
    this.betas.replaceChildren(...this.rates.map(({ root }) => root));
    this.handles = new Map();
    this.blocks.replaceChildren(...blocks.map((block) => this.#block(block)));
    this.bars = classes.map((name, c) => element("span", { class: "bar", style: `background:${colours[c]}`, title: name }));
    this.said.replaceChildren(...classes.map((name, c) => element("span", { class: "column" }, this.bars[c], element("span", { class: "label", title: name }, name))));
  }

  #block({ name, title, unit, handles }) {
    const rows = (wanted) =>
      handles.filter(({ active }) => active === wanted).map((handle) => this.#handle(name, handle, unit));
    const dead = rows(false);
    return element(
      "section",
      { class: "block", "data-block": name },
      element("h4", {}, title, element("span", { class: "note" }, unit)),
      ...(dead.length === handles.length ? [element("p", { class: "note" }, COLLAPSED)] : rows(true)),
      ...(dead.length
        ? [element("details", dead.length === handles.length ? { open: "" } : {}, element("summary", {}, `${dead.length} inactive dimension${dead.length > 1 ? "s" : ""}`), ...dead)]
        : []),
    );
  }

  #handle(block, { dimension, low, high, used, active }, unit) {
    const name = `${block}[${dimension}]`;
    const input = element("input", {
      type: "range", min: low, max: high, step: "any", "aria-label": `${name}, ${unit}: ${used}`, "data-handle": name,
      title: "Drag, or use the arrow keys; a double click or Delete puts it back to the start",
    });
    const value = element("output", { class: "value" }), tick = element("span", { class: "tick" });
    const play = element("button", { type: "button", class: "play", title: `Sweep ${name} through its range`, "aria-label": `Sweep ${name}` }, "▸");
    const root = element(
      "div",
      { class: active ? "handle" : "handle dead" },
      play,
      element("span", { class: "name" }, name),
      element("span", { class: "track" }, tick, input),
      value,
      element("span", { class: "note", title: unit }, used),
    );
    const step = (high - low) / 60;
    input.oninput = () => this.#move(block, dimension, Number(input.value));
    input.onchange = () => this.#report();
    input.ondblclick = () => this.#putBack(block, dimension);
    input.onkeydown = (event) => {
      // The step "any" leaves the pointer free and would let a key move by 1.
      const by = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageUp: 6 * step, PageDown: -6 * step }[event.key];
      if (event.key === "Delete" || event.key === "Backspace") this.#putBack(block, dimension);
      else if (by) {
        this.#move(block, dimension, Math.min(high, Math.max(low, Number(input.value) + by)));
        input.value = this.codes[block][0][dimension];
      } else return;
      event.preventDefault();
      event.stopPropagation();  // Streamlit has shortcuts of its own
    };
    input.onkeyup = (event) => /Arrow|Page/.test(event.key) && this.#report();
    play.onclick = () => this.#play(block, dimension, low, high);
    this.handles.set(name, { root, input, value, tick, play, block, dimension, low, high });
    return root;
  }

  /** Take a handle through its range and back, as a hand would. */
  #play(block, dimension, low, high) {
    const { play } = this.handles.get(`${block}[${dimension}]`), wasPlaying = play.textContent === "■";
    this.#stop?.();
    if (wasPlaying) return;
    const begin = performance.now(), from = this.codes[block][0][dimension], moved = this.state.moved[block]?.[dimension];
    const phase = Math.asin(Math.max(-1, Math.min(1, (2 * (from - low)) / (high - low) - 1)));
    play.textContent = "■";
    const step = () => {
      const turn = Math.min(1, (performance.now() - begin) / SWEEP_MS);
      this.#move(block, dimension, low + ((high - low) * (1 + Math.sin(phase + 2 * Math.PI * turn))) / 2);
      if (turn < 1) this.#sweep = requestAnimationFrame(step);
      else this.#stop();
    };
    this.#stop = () => {
      cancelAnimationFrame(this.#sweep);
      this.#stop = null;
      play.textContent = "▸";
      if (moved === undefined) this.#putBack(block, dimension);
      else this.#move(block, dimension, moved);
    };
    step();
  }
  #stop = null;

  #chooseClass(c) {
    const { state } = this;
    // The same class once more gives an image its own back.
    const label = state.start !== "prior" && state.label === c ? null : c;
    const moved = Object.fromEntries(Object.entries(state.moved).filter(([block]) => this.data.kept.includes(block)));
    this.#change({ label, moved }, true);
  }

  // ---- changes

  /** One coordinate moves: the codes are here, so only they are sent. */
  #move(block, dimension, to) {
    const value = Number(to.toFixed(3));  // what is shown live is what the link will say
    this.#touched = true;
    this.codes[block][0][dimension] = value;
    (this.state.moved[block] ??= {})[dimension] = value;
    this.#showHandle(this.handles.get(`${block}[${dimension}]`));
    this.#showMoves();
    this.#ask();
  }

  #putBack(block, dimension) {
    const moved = structuredClone(this.state.moved);
    delete moved[block]?.[dimension];
    if (moved[block] && !Object.keys(moved[block]).length) delete moved[block];
    this.#change({ moved }, true);
  }

  /** The start, the class, the temperature or a beta change: the codes come back from the server. */
  #change(patch, released = false) {
    Object.assign(this.state, patch);
    if (this.state.start === "prior" && this.data.classes.length) this.state.label ??= this.labels[this.state.item];
    this.#touched = this.#stale = true;
    this.#show();
    this.#ask();
    if (released) this.#report();
  }

  #ask() {
    const { state, data } = this, common = { model: data.model, betas: state.betas, classes: data.said !== null };
    if (!this.#stale) return this.#live.ask(CHANNEL, { ...common, codes: this.codes }, (answer) => this.#paint(answer));
    const start = { ...common, ...this.#fixed(), back: true };
    this.#live.ask(CHANNEL, { ...start, move: state.moved }, (answer) => {
      // Something newer may have been asked since; its answer follows.
      if (answer.codes && JSON.stringify(state.moved) === JSON.stringify(this.state.moved)) {
        this.codes = answer.codes;
        this.#stale = false;
        this.handles.forEach((handle) => this.#showHandle(handle));
      }
      this.#paint(answer);
    });
    this.#live.ask(START_CHANNEL, start, (answer) => {
      if (answer.error) return;
      putPicture(this.startCanvas, answer);
      this.startCodes = answer.codes;
      this.handles.forEach((handle) => this.#showHandle(handle));
    });
  }

  /** What the start fixes, as a request says it. */
  #fixed() {
    const { state, data } = this, labelled = data.classes.length > 0;
    if (state.start === "prior") {
      return { draw: { seed: state.seed, temperature: state.temperature }, ...(labelled ? { label: [state.label ?? 0] } : {}) };
    }
    const held = state.label === null ? data.latents : data.kept, label = state.label === null ? {} : { label: [state.label] };
    if (state.start === "own") return { image: { pixels: data.own, latents: held }, ...label };
    const mix = Object.fromEntries(held.map((name) => [name, [[[state.item, 1]]]]));
    return { mix, ...label };
  }

  #report() {
    this.#touched = false;
    this.setStateValue("state", { ...structuredClone(this.state), reports: ++this.#reports });
  }

  // ---- what is shown

  #paint(answer) {
    if (answer.error) {
      this.status.textContent = answer.error;
      return;
    }
    putPicture(this.canvas, answer);
    fitted(this.canvas, SIDE);
    this.#showSaid(answer.classes?.[0]);
    this.root.dataset.painted = Number(this.root.dataset.painted ?? 0) + 1;
    this.#tell();
  }

  #tell() {
    const text = this.#live.online ? "Live: the picture follows the handles." :
      "The live route is out of reach: the picture follows when a handle is released. Trying again …";
    if (this.status.textContent !== text) this.status.textContent = text;
    this.root.dataset.live = this.#live.online;
  }

  #show() {
    const { state, data } = this, fromItem = state.start === "item", drawn = state.start === "prior";
    this.starts.forEach((button) => {
      button.setAttribute("aria-checked", button.dataset.start === state.start);
      button.hidden = button.dataset.start === "own" && data.own === null;
    });
    this.item.hidden = !fromItem;
    this.dice.hidden = !fromItem && !drawn;
    this.temperature.root.hidden = !drawn;
    this.dice.textContent = fromItem ? "Another item" : "Draw again";
    this.dice.title = fromItem ? "An item at random" : "Another seed";
    if (this.item.value === "" || Number(this.item.value) !== state.item) this.item.value = state.item;
    this.temperature.show(state.temperature, `${state.temperature.toFixed(2)} × σ`);
    const own = data.classes[this.labels[state.item]];
    this.about.textContent = drawn ? `seed ${state.seed}` : fromItem && own !== undefined ? `class ${own}` : "";
    const chosen = state.label ?? (fromItem ? this.labels[state.item] : drawn ? 0 : -1);
    [...this.chips.querySelectorAll(".chip")].forEach((chip, c) => {
      chip.setAttribute("aria-checked", c === chosen);
      const others = data.kept.length ? `, ${data.kept.join(" and ")} kept` : "";
      chip.title = !drawn ? `The prior’s mean of class ${data.classes[c]}${others}; the chosen one again: back to its own` : `Class ${data.classes[c]}`;
    });
    this.rates.forEach(({ block, betas, show }) => {
      const place = betas.reduce((best, beta, i) =>
        Math.abs(Math.log(beta / state.betas[block])) < Math.abs(Math.log(betas[best] / state.betas[block])) ? i : best, 0);
      show(place, betas[place].toPrecision(3));
    });
    const label = state.label === null ? "" : `, class ${data.classes[state.label]}`;
    const from = { item: `item ${state.item}`, own: "your image", prior: "prior" }[state.start];
    this.startCaption.textContent = `start: ${from}${label}`;
    this.startCanvas.setAttribute("aria-label", this.startCaption.textContent);
    this.canvas.setAttribute("aria-label", `Decoded image, ${this.startCaption.textContent}`);
    this.handles.forEach((handle) => this.#showHandle(handle));
    this.#showMoves();
  }

  #showHandle({ root, input, value, tick, block, dimension, low, high }) {
    const number = this.codes[block][0][dimension], text = signed(number);
    // What a range refuses, it clamps: a code beyond the ends shows its number all the same.
    if (Number(input.value) !== number) input.value = number;
    value.textContent = text;
    input.setAttribute("aria-valuetext", text);
    const moved = this.state.moved[block]?.[dimension] !== undefined;
    root.classList.toggle("moved", moved);
    const from = moved ? this.startCodes?.[block]?.[0][dimension] : undefined;
    tick.hidden = from === undefined;
    if (from !== undefined) tick.style.setProperty("--at", Math.max(0, Math.min(1, (from - low) / (high - low))));
  }

  #showMoves() {
    const count = Object.values(this.state.moved).reduce((sum, moves) => sum + Object.keys(moves).length, 0);
    this.moves.textContent = count ? `${count} of ${this.handles.size} coordinates moved` : "nothing moved yet";
    this.reset.disabled = !count;
  }

  /** p(class | z) of the labelled blocks as a row of bars. */
  #showSaid(shares) {
    this.said.hidden = !shares;
    if (!shares) return;
    shares.forEach((share, c) => this.bars[c].style.setProperty("--share", share));
    const best = shares.indexOf(Math.max(...shares));
    const text = `p(class | code) by the priors: ${this.data.classes[best]} with ${(100 * shares[best]).toFixed(1)} %`;
    this.said.setAttribute("aria-label", text);
    this.said.title = text;
  }

  /** The picture with its start and its moves in words, as SVG text. */
  #svg() {
    const style = getComputedStyle(this.root), side = 280, margin = 12, longest = Math.max(this.canvas.width, this.canvas.height);
    const [width, height] = [this.canvas.width, this.canvas.height].map((pixels) => (side * pixels) / longest);
    const ink = style.getPropertyValue("--st-text-color") || "#222", ground = style.getPropertyValue("--st-background-color") || "#fff";
    const line = (text, y, look = {}) => svgText(text, { x: margin, y, "font-family": style.fontFamily, "font-size": 13, fill: ink, ...look });
    const moves = [...this.handles.values()].filter(({ root }) => root.classList.contains("moved"))
      .map(({ block, dimension, value }) => `${block}[${dimension}] ${value.textContent}`);
    const box = `x="${margin}" y="34" width="${width}" height="${height}" preserveAspectRatio="none" style="image-rendering:pixelated"`;
    return svgDocument(side + 2 * margin, height + 66 + 18 * moves.length, ground, [
      line("Decoded image", 22, { "font-weight": 600 }),
      `<image ${box} href="${this.canvas.toDataURL()}"/>`,
      line(this.startCaption.textContent, height + 54),
      ...moves.map((text, i) => line(text, height + 72 + 18 * i)),
    ].join(""));
  }

  destroy() {
    cancelAnimationFrame(this.#sweep);
    this.unwatch();
    this.#live.withdraw(CHANNEL);
    this.#live.withdraw(START_CHANNEL);
    this.root.remove();
  }
}

const allHands = new Map();  // mounting point -> Hands

/** Called by Streamlit at the first mount and again whenever data or theme change. */
export default function (component) {
  const { parentElement } = component;
  let hands = allHands.get(parentElement);
  if (!hands) allHands.set(parentElement, (hands = new Hands(parentElement)));
  hands.update(component);
  return () => {
    hands.destroy();
    allHands.delete(parentElement);
  };
}
