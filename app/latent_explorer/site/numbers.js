// The numbers of a card: each measured, with its standard error and the count it is of.

import { element } from "../components/shared/elements.js";

/**
 * @param {import("./site.js").Site} site
 * @param {HTMLElement} place
 * @returns {Promise<import("./site.js").View>}
 */
export async function numbers({ page }, place) {
  const { card } = page;
  const main = card.numbers.filter((number) => number.main);
  const rest = card.numbers.filter((number) => !number.main);
  place.append(
    ...[card.purpose, card.made.join(" · ")]
      .filter(Boolean)
      .map((words) => element("p", { class: "about" }, words)),
    element(
      "div",
      { class: "tiles" },
      ...main.map(({ title, value, n }) =>
        element(
          "div",
          { class: "tile" },
          element("span", {}, title),
          element("strong", {}, value),
          element("span", { class: "muted" }, `n = ${n.toLocaleString("en")}`),
        ),
      ),
    ),
  );
  if (rest.length) place.append(table(rest));
  if (card.commands.length) {
    const lines = element("pre", {}, card.commands.join("\n"));
    place.append(element("details", {}, element("summary", {}, "The commands that measured them"), lines));
  }
  return { destroy: () => place.replaceChildren() };
}

/** @param {readonly import("./site.js").NumberOfCard[]} rows */
function table(rows) {
  const head = ["measured", "value ± standard error", "n"].map((words) =>
    element("th", { scope: "col" }, words),
  );
  const lines = rows.map(({ title, value, n }) =>
    element(
      "tr",
      {},
      element("td", {}, title),
      element("td", { class: "value" }, value),
      element("td", { class: "value" }, n.toLocaleString("en")),
    ),
  );
  return element(
    "div",
    { class: "table" },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...lines)),
  );
}
