// A published page: which model, which view, where the visitor stands; the address says all of it.

import { element, say } from "../components/shared/elements.js";
import { read, written } from "./address.js";
import { betaSliders } from "./betas.js";
import { SiteDecoder, STILLS } from "./decoding.js";
import { Film } from "./film.js";
import { expects, opened, sentence, told, unstyled } from "./loading.js";
import { Strip } from "./lessons.js";
import { knownOf } from "./site.js";
import { VIEWS } from "./views.js";

/**
 * @typedef {import("./site.js").Page} Page
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./site.js").View} View
 * @typedef {{name: string, folder: string, title: string, purpose: string, decodes: boolean}} Model
 * @typedef {{format: string, only: string | null, models: Model[], lessons: import("./lessons.js").Entry[],
 * sizes: Record<string, number>}} Manifest
 */

const LATER_MS = 150; // after the first sight, until the model is loaded
const WRITE_MS = 150; // between two changes of the address: a browser takes so many a second, and refuses more

const root = /** @type {HTMLElement} */ (document.getElementById("site"));

class Shell {
  /** @type {Site | null} */
  #site = null;
  /** @type {View | null} */
  #view = null;
  #turn = 0; // how often a view was shown, so that one that comes late is dropped
  #bar = element("header", { class: "bar" });
  #heading = element("h1");
  #caption = element("p", { class: "caption" });
  #drawn = element("details", {
    class: "drawn",
    hidden: true,
    open: matchMedia("(min-width: 761px)").matches,
  });
  #notice = element("p", { class: "notice", role: "status", hidden: true });
  #coming = element("progress", {
    class: "coming",
    max: 1,
    value: 0,
    "aria-label": "Loading",
    hidden: true,
  });
  #sliders = element("div", { class: "sliders" });
  #place = element("div", { class: "view" });
  #lesson = new Strip((address) => this.#visit(address));
  /** @type {string | null} an address that is not written yet */
  #address = null;

  /** @param {Manifest} manifest */
  constructor(manifest) {
    this.manifest = manifest;
    expects(manifest.sizes);
    const able = manifest.models.filter(({ decodes }) => decodes);
    const first = this.#model(new URLSearchParams(location.search));
    const folders = Object.fromEntries(able.map(({ name, folder }) => [name, folder]));
    this.decoder = new SiteDecoder(folders, first.decodes ? first.name : able[0]?.name);
    Reflect.set(globalThis, "latentExplorerDecoder", this.decoder);
    this.decoder.watch(() => this.#tell());
    root.dataset.started = "true";
    root.replaceChildren(
      ...(manifest.only ? [] : [this.#bar]),
      this.#heading,
      this.#caption,
      this.#drawn,
      this.#notice,
      this.#coming,
      this.#sliders,
      this.#place,
      this.#lesson.root,
    );
    addEventListener("popstate", () => this.#again());
    addEventListener("pagehide", () => this.#write());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#again());
    addEventListener("unhandledrejection", ({ reason }) => this.#amiss(reason));
  }

  /** @param {unknown} error */
  #amiss(error) {
    this.notes = [sentence(error)];
    this.#tell();
  }

  /** Show what the address asks for, or say why not. */
  #again(lenient = false) {
    this.open(lenient).catch((error) => this.#amiss(error));
  }

  /** @param {URLSearchParams} asked */
  #model(asked) {
    const { models } = this.manifest;
    return models.find(({ name }) => name === asked.get("model")) ?? models[0];
  }

  /**
   * Show what the address asks for.
   * @param {boolean} lenient whether a view that the model lacks gives way to one that it has, without a word
   */
  async open(lenient = false) {
    const lessons = this.manifest.only ? [] : this.manifest.lessons;
    const asked = await this.#lesson.arriving(new URLSearchParams(location.search), lessons);
    const model = this.#model(asked);
    /** @type {Page} */
    const page = { ...(await told(`models/${model.folder}/page.json`)), lessons };
    /** @type {string[]} */
    const lost = [];
    if (!page.noDecoder)
      await this.#film(model).catch((error) => lost.push(sentence(error).replace(/\.?$/, ".")));
    const offered = VIEWS.filter((view) => view.needs(page));
    const wanted = this.manifest.only ?? asked.get("page");
    const asksFor = VIEWS.find(({ name }) => name === wanted) ?? offered[0];
    const view = lenient && !asksFor.needs(page) ? offered[0] : asksFor;
    const { standing, notes } = read(asked, page.name, view.name, knownOf(page));
    if (asked.has("model") && asked.get("model") !== model.name)
      notes.unshift(
        `No model of this site is called “${(asked.get("model") ?? "").slice(0, 60)}”: this is ${model.title}.`,
      );
    if (wanted && !VIEWS.some(({ name }) => name === wanted))
      notes.unshift(`This site has no page called “${wanted.slice(0, 60)}”: this is ${asksFor.menu}.`);
    notes.push(...lost);
    this.notes = notes;
    this.#site = {
      page,
      folder: `models/${model.folder}/`,
      decoder: this.decoder,
      standing,
      only: Boolean(this.manifest.only),
      selected: { count: 0, name: null },
      go: (address) => this.#visit(address),
      change: (patch, quiet = false) => this.#change(patch, quiet),
      trying: (work) => void work.catch((error) => this.#amiss(error)),
      stand: (state, quiet = false) =>
        this.#change({ state: { ...this.#now.standing.state, ...state } }, quiet),
    };
    const unheard = await this.#lesson.open(asked, lessons);
    if (unheard) notes.push(unheard);
    this.#menu(offered.map(({ name }) => name));
    await this.#show();
    // The first sight is there, and moves: what comes now may take the line and the processor.
    setTimeout(() => this.decoder.start(), LATER_MS);
  }

  get #now() {
    return /** @type {Site} */ (this.#site);
  }

  /** @param {Model} model */
  async #film({ name, folder }) {
    if (this.decoder.film?.model === name) return;
    /** @type {{header: import("./film.js").FilmHeader, arrays: any[]}} */
    const { header, arrays } = await opened(`models/${folder}/film.bin`);
    this.decoder.film = new Film(name, header, arrays[0]);
  }

  /** @param {readonly string[]} offered names of views */
  #menu(offered) {
    const { models } = this.manifest;
    const { page, standing } = this.#now;
    const links = VIEWS.filter(({ name }) => offered.includes(name)).map((view) => {
      const link = element("a", { href: `?${this.#said({ ...standing, view: view.name })}` }, view.menu);
      if (view.name === standing.view) link.setAttribute("aria-current", "page");
      link.onclick = (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        this.#go({ ...this.#now.standing, view: view.name });
      };
      return link;
    });
    const title = element("strong", { class: "title", title: page.card.purpose }, page.card.title);
    const choice = element(
      "select",
      { "aria-label": "Model" },
      ...models.map(({ name, title: words }) => {
        const option = element("option", { value: name }, words);
        option.selected = name === page.name;
        return option;
      }),
    );
    choice.onchange = () => {
      const other = new URLSearchParams({ model: choice.value, page: this.#now.standing.view });
      this.#leave(`?${other}${this.#lesson.said}`);
      this.#again(true);
    };
    const copy = element(
      "button",
      { type: "button", class: "copy", title: "Copy the address of what is shown" },
      "Copy link",
    );
    copy.onclick = () => this.#copy(copy);
    this.#bar.replaceChildren(
      models.length > 1 ? choice : title,
      element("nav", { "aria-label": "Pages" }, ...links),
      copy,
    );
    this.#bar.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }

  /** @param {HTMLButtonElement} button */
  async #copy(button) {
    this.#write();
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copy the address above";
    }
    setTimeout(() => (button.textContent = "Copy link"), 2000);
  }

  /** @param {import("./address.js").Standing} standing */
  #said(standing) {
    const said = `${written(standing, knownOf(this.#now.page), !this.manifest.only)}`.replaceAll("%7E", "~");
    return `${said}${this.#lesson.said}`;
  }

  /**
   * Another address, with an entry of its own in the browser's history.
   * @param {string} address
   */
  #visit(address) {
    this.#leave(address);
    scrollTo(0, 0);
    this.#again();
  }

  /**
   * @param {string} address of what is shown next
   */
  #leave(address) {
    this.#write();
    history.pushState({}, "", address);
  }

  /** Write the newest address, now that there is one; where the browser refuses, as after very many, a moment later. */
  #write() {
    if (this.#address === null) return;
    try {
      history.replaceState({}, "", this.#address);
      this.#address = null;
    } catch {
      setTimeout(() => this.#write(), 10 * WRITE_MS);
    }
  }

  /**
   * Another view, with an entry of its own in the browser's history.
   * @param {import("./address.js").Standing} standing
   */
  #go(standing) {
    const site = this.#now;
    site.standing = standing;
    this.#leave(`?${this.#said(standing)}`);
    const offered = VIEWS.filter((view) => view.needs(site.page));
    this.#menu(offered.map(({ name }) => name));
    scrollTo(0, 0);
    this.#show();
  }

  /**
   * @param {Partial<import("./address.js").Standing>} patch
   * @param {boolean} quiet
   */
  #change(patch, quiet) {
    const site = this.#now;
    site.standing = { ...site.standing, ...patch };
    if (this.#address === null) setTimeout(() => this.#write(), WRITE_MS);
    this.#address = `?${this.#said(site.standing)}`;
    this.#bar.querySelectorAll("nav a").forEach((link, at) => {
      const views = VIEWS.filter((view) => view.needs(site.page));
      link.setAttribute("href", `?${this.#said({ ...site.standing, view: views[at].name })}`);
    });
    if (!quiet) this.#view?.changed?.();
    this.#lesson.look(site);
  }

  async #show() {
    const site = this.#now;
    const turn = ++this.#turn;
    this.#view?.destroy();
    this.#view = null;
    const view = VIEWS.find(({ name }) => name === site.standing.view) ?? VIEWS[0];
    this.#heading.textContent = view.title(site.page);
    document.title = `${view.title(site.page)} · ${site.page.card.title}`;
    this.#caption.textContent = view.caption(site.page);
    const drawn = view.name === "numbers" || view.name === "lessons" ? "" : site.page.drawn;
    this.#drawn.hidden = !drawn;
    this.#drawn.replaceChildren(
      element("summary", {}, `What a picture of ${site.page.kind.an} shows`),
      element("p", {}, drawn),
    );
    this.#sliders.replaceChildren(...(view.sliders ? betaSliders(site) : []));
    this.#tell();
    root.dataset.view = view.name;
    root.dataset.ready = "false";
    const place = element("div");
    this.#place.replaceChildren(place);
    if (!view.needs(site.page)) {
      place.append(element("p", { class: "failed" }, view.lacking(site.page)));
      return;
    }
    const waiting = setTimeout(() => place.prepend(element("p", { class: "loading" }, this.#awaited)), 400);
    try {
      const shown = await view.show(site, place);
      if (turn === this.#turn) this.#view = shown;
      else shown.destroy();
      const broken = unstyled();
      if (broken && !this.notes.includes(broken)) this.notes = [...this.notes, broken];
    } catch (error) {
      place.append(element("p", { class: "failed" }, sentence(error)));
    }
    clearTimeout(waiting);
    place.querySelector(":scope > .loading")?.remove();
    root.dataset.ready = "true";
    this.#tell();
    this.#lesson.look(site);
  }

  /** What one waits for. */
  get #awaited() {
    const { state, loaded } = this.decoder;
    return state === "loading" && loaded ? `Loading the model, ${Math.round(100 * loaded)} % …` : "Loading …";
  }

  /** What a visitor has to know of the link, and of a browser without what it takes. */
  #tell() {
    const { state, why, loaded } = this.decoder;
    const lines = [...(this.notes ?? [])];
    if (state === "failed" && !this.#site?.page.noDecoder)
      lines.push(`The model does not run here, since ${why}. ${STILLS}`);
    this.#coming.value = loaded;
    this.#coming.hidden = state !== "loading" || !loaded;
    for (const line of this.#place.querySelectorAll(".loading")) line.textContent = this.#awaited;
    this.#notice.textContent = lines.join(" ");
    this.#notice.hidden = !lines.length;
    say(this.#notice, "atomic", true);
    root.dataset.decoder = state;
  }

  /** @type {string[]} */
  notes = [];
}

told("site.json")
  .then((manifest) => new Shell(manifest).open())
  .catch((error) => {
    root.dataset.started = "failed";
    root.replaceChildren(element("p", { class: "failed" }, sentence(error)));
  });
