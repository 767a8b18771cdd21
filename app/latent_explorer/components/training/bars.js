// KL of each dimension as bars, which rise as a dimension says something of an observation and fall asleep where it says nothing.

import { cleared } from "../shared/elements.js";

/** @typedef {{name: string, values: ArrayLike<number>}} Block */

export const AWAKE = 0.1; // nats: below it a dimension sleeps

const TOP = 15;
const BOTTOM = 12;
const GAP = 10; // between blocks

/**
 * How many dimensions say something.
 * @param {ArrayLike<number>} values
 */
export const awake = (values) => Array.from(values).filter((value) => value >= AWAKE).length;

/**
 * @typedef {{x: number, width: number, value: number, colour: string}} Bar
 */

/**
 * Bars beside each other, blocks apart.
 * @param {Block[]} blocks
 * @param {number} width
 * @param {string[]} colours by block
 * @returns {Bar[]}
 */
export function laid(blocks, width, colours) {
  const count = blocks.reduce((sum, { values }) => sum + values.length, 0);
  const each = (width - GAP * (blocks.length - 1)) / Math.max(1, count);
  /** @type {Bar[]} */
  const bars = [];
  let x = 0;
  blocks.forEach(({ values }, place) => {
    for (let j = 0; j < values.length; j++) {
      bars.push({ x, width: Math.max(1, each * 0.8), value: values[j], colour: colours[place] });
      x += each;
    }
    x += GAP;
  });
  return bars;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{blocks: Block[], most: number, colours: string[], look: {ink: string, quiet: string, font: string}}} what `most`: the value that fills the height
 */
export function drawBars(canvas, { blocks, most, colours, look }) {
  const sheet = cleared(canvas);
  if (!sheet) return;
  const { context, width, height } = sheet;
  context.font = `11px ${look.font}`;
  context.textBaseline = "middle";
  context.fillStyle = look.ink;
  context.textAlign = "left";
  const said = blocks.map(({ name, values }) => `${awake(values)} of ${values.length} in ${name}`);
  context.fillText(`KL of each dimension, nats · awake: ${said.join(", ")}`, 0, 7, width);
  const room = height - TOP - BOTTOM;
  for (const { x, width: wide, value, colour } of laid(blocks, width, colours)) {
    const tall = room * Math.min(1, Math.max(0, value) / Math.max(most, AWAKE));
    context.globalAlpha = value >= AWAKE ? 1 : 0.35;
    context.fillStyle = value >= AWAKE ? colour : look.quiet;
    context.fillRect(x, height - BOTTOM - Math.max(1.5, tall), wide, Math.max(1.5, tall));
  }
  context.globalAlpha = 1;
  context.fillStyle = look.quiet;
  let x = 0;
  const laidOut = laid(blocks, width, colours);
  for (const { name, values } of blocks) {
    context.fillText(name, laidOut[x]?.x ?? 0, height - 5);
    x += values.length;
  }
}
