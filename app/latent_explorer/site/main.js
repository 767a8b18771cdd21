// A published page: which model, which view, where the visitor stands; the address says all of it.

import { element, say } from "../components/shared/elements.js";
import { read, written } from "./address.js";
import { betaSliders } from "./betas.js";
import { SiteDecoder, STILLS } from "./decoding.js";
import { Film } from "./film.js";
import { opened, told } from "./loading.js";
import { Strip } from "./lessons.js";
import { knownOf } from "./site.js";
import { VIEWS } from "./views.js";

/**
 * @typedef {import("./site.js").Page} Page
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./site.js").View} View
 * @typedef {{name: string, folder: string, title: string, purpose: string, decodes: boolean}} Model
 * @typedef {{format: string, only: string | null, models: Model[], lessons: import("./lessons.js").Entry[]}} Manifest
 */

const LATER_MS = 150; // after the first sight, until the model is loaded

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
  #notice = element("p", { class: "notice", role: "status", hidden: true });
  #sliders = element("div", { class: "sliders" });
  #place = element("div", { class: "view" });
  #lesson = new Strip((address) => this.#visit(address));

  /** @param {Manifest} manifest */
  constructor(manifest) {
    this.manifest = manifest;
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
      this.#notice,
      this.#sliders,
      this.#place,
      this.#lesson.root,
    );
    addEventListener("popstate", () => this.open());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.open());
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
    if (!page.noDecoder) await this.#film(model);
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
      trying: (work) =>
        void work.catch((error) => {
          this.notes = [error instanceof Error ? error.message : String(error)];
          this.#tell();
        }),
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
      history.pushState({}, "", `?${other}${this.#lesson.said}`);
      this.open(true);
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
    history.pushState({}, "", address);
    scrollTo(0, 0);
    this.open();
  }

  /**
   * Another view, with an entry of its own in the browser's history.
   * @param {import("./address.js").Standing} standing
   */
  #go(standing) {
    const site = this.#now;
    site.standing = standing;
    history.pushState({}, "", `?${this.#said(standing)}`);
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
    history.replaceState({}, "", `?${this.#said(site.standing)}`);
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
    const waiting = setTimeout(
      () => place.prepend(element("p", { class: "loading" }, "Loading the model …")),
      400,
    );
    try {
      const shown = await view.show(site, place);
      if (turn === this.#turn) this.#view = shown;
      else shown.destroy();
    } catch (error) {
      place.append(element("p", { class: "failed" }, error instanceof Error ? error.message : String(error)));
    }
    clearTimeout(waiting);
    place.querySelector(":scope > .loading")?.remove();
    root.dataset.ready = "true";
    this.#lesson.look(site);
  }

  /** What a visitor has to know of the link, and of a browser without what it takes. */
  #tell() {
    const { state, why } = this.decoder;
    const lines = [...(this.notes ?? [])];
    if (state === "failed" && !this.#site?.page.noDecoder)
      lines.push(`The model does not run here, since ${why}: ${STILLS}.`);
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
    root.replaceChildren(element("p", { class: "failed" }, error.message));
  });
