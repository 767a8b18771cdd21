// Runs the worker of a published site in node: requests come as lines of JSON, answers go as lines of JSON.
// node tests/support/answering.mjs SITE

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const site = pathToFileURL(`${process.argv[2]}/`);
globalThis.fetch = async (address) => {
  try {
    return new Response(await readFile(new URL(address)));
  } catch {
    return new Response(null, { status: 404 });
  }
};
globalThis.onmessage = null;
globalThis.postMessage = (message) => {
  if (message.answer?.pixels) message.answer.pixels = Buffer.from(message.answer.pixels).toString("base64");
  process.stdout.write(`${JSON.stringify(message)}\n`);
};

const { models } = JSON.parse(await readFile(new URL("site.json", site)));
await import(new URL("modules/site/worker.js", site));
const folders = Object.fromEntries(models.map(({ name, folder }) => [name, folder]));
globalThis.onmessage({ data: { folders, first: models[0].name, sizes: {}, root: site.href } });
for await (const line of createInterface({ input: process.stdin })) {
  if (line) globalThis.onmessage({ data: JSON.parse(line) });
}
