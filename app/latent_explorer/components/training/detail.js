// One batch in detail, after a single step: what its loss is made of, how strongly each layer is pulled, and the codes of its first rows.

import { element } from "../shared/elements.js";
import { fromBase64 } from "../shared/envelope.js";
import { short } from "./curves.js";
import { putSheet } from "./sheet.js";

/** @typedef {import("./following.js").Detail} Detail */

const FEW = 6; // rows and dimensions that are shown

/**
 * The length of a bar, by factors of ten: 1 for the largest, 0 for a millionth of it.
 * @param {number} value
 * @param {number} most
 */
export function share(value, most) {
  if (!(value > 0) || !(most > 0)) return 0;
  return Math.max(0, 1 + Math.log10(value / most) / 6);
}

/**
 * @param {Detail} detail
 * @param {number[]} picture height, width and channels of its pictures
 * @param {string} [many] what observations are called
 */
export function detailOf(
  { step, parts = {}, gradients = {}, rows = [], codes = {}, pictures = "" },
  picture,
  many = "images",
) {
  const most = Math.max(...Object.values(gradients), 0);
  const loss = Object.entries(parts).map(([name, value]) => `${name.replaceAll("_", " ")} ${short(value)}`);
  const root = element(
    "section",
    { class: "detail", "aria-label": "One batch" },
    element("strong", {}, `One batch: step ${step.toLocaleString("en")}`),
    element("p", {}, loss.join(" · ")),
    element(
      "p",
      {},
      `${rows.length} ${many}: ${rows.slice(0, 2 * FEW).join(", ")}${rows.length > 2 * FEW ? ", …" : ""}`,
    ),
  );
  if (pictures) {
    const sheet = element("canvas", {
      class: "sheet",
      role: "img",
      "aria-label": `The first ${many} of the batch`,
    });
    putSheet(sheet, [fromBase64(pictures)], picture);
    root.append(sheet);
  }
  root.append(element("span", { class: "quiet" }, "Norm of the gradient of each layer, before clipping"));
  const bars = element("div", { class: "gradients" });
  for (const [name, value] of Object.entries(gradients)) {
    const bar = element("i");
    bar.style.width = `${100 * share(value, most)}%`;
    bars.append(
      element("span", { title: name }, name),
      element("b", {}, bar),
      element("span", {}, short(value)),
    );
  }
  root.append(bars);
  for (const [block, values] of Object.entries(codes)) {
    const table = element("table");
    const size = Math.min(FEW, values[0]?.length ?? 0);
    const heads = Array.from({ length: size }, (_, j) => element("th", { scope: "col" }, `${block}[${j}]`));
    table.append(element("tr", {}, ...heads));
    for (const code of values.slice(0, FEW)) {
      const cells = code.slice(0, FEW).map((value) => element("td", {}, short(value)));
      table.append(element("tr", {}, ...cells));
    }
    root.append(element("span", { class: "quiet" }, `Codes of the first ${many} in ${block}`), table);
  }
  return root;
}
