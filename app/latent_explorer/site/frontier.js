// One observation at nine betas, what is kept of it at each, and the frontier.

import { element } from "../components/shared/elements.js";
import { choice } from "./fields.js";
import { opened } from "./loading.js";
import { mount } from "./mount.js";

/**
 * @param {import("./site.js").Site} site
 * @param {HTMLElement} place
 * @returns {Promise<import("./site.js").View>}
 */
export async function frontier(site, place) {
  const { page, folder } = site;
  const strips = page.strips ?? {};
  const blocks = Object.keys(strips);
  let block = blocks.includes(site.standing.block) ? site.standing.block : blocks[0];
  let number = 0;
  /** @type {Awaited<ReturnType<typeof mount>> | null} */
  let mounted = null;
  const shown = element("div");
  const show = async () => {
    const { bytes: data } = await opened(`${folder}${strips[block][number]}`);
    mounted?.remove();
    mounted = await mount(shown, "betas", data, (name, value) => {
      if (name === "state") site.stand({ betas: value.betas }, true);
    });
  };
  const tools = element("div", { class: "tools" });
  /** @type {[string, string][]} */
  const options = (page.blocks ?? [])
    .filter(({ name }) => name in strips)
    .map(({ name, title }) => [name, title]);
  if (options.length > 1) {
    tools.append(
      choice("Latents", options, block, (value) => {
        block = value;
        site.change({ block }, true);
        site.trying(show());
      }),
    );
  }
  const another = element("button", { type: "button" }, `Another ${page.kind.one}`);
  another.onclick = () => {
    number = (number + 1) % strips[block].length;
    site.trying(show());
  };
  tools.append(another);
  place.append(tools, shown);
  await show();
  return { destroy: () => mounted?.remove() };
}
