// A paper to draw on.

import { mounting } from "../shared/mounting.js";
import { Sketch } from "./sketch.js";

export default mounting(
  (parent, /** @type {import("./sketch.js").SketchCall} */ call) => new Sketch(parent, call),
);
