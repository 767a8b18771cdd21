// Where the user was in each panel; outlives a visit to another page.

/** @typedef {import("./view.js").View} View */

/** @type {Map<string, View | null>} */
const views = new Map();

export class Views {
  /** @param {() => string} owner what the places of a panel belong to: the map and its frame */
  constructor(owner) {
    this.owner = owner;
  }

  /** @param {string} panel */
  of(panel) {
    return views.get(`${this.owner()}/${panel}`) ?? null;
  }

  /**
   * @param {string} panel
   * @param {View} view
   */
  keep(panel, view) {
    views.set(`${this.owner()}/${panel}`, view.whole ? null : view);
  }
}
