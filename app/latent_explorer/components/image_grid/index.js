// A labelled grid of small pictures.

import { mounting } from "../shared/mounting.js";
import { ImageGrid } from "./grid.js";

export default mounting(
  (parent, /** @type {import("./grid.js").GridCall} */ call) => new ImageGrid(parent, call),
);
