// A picture, and handles for what it is made of: all of them, or a few for the first sight.

import { mounting } from "../shared/mounting.js";
import { Controls } from "./controls.js";
import { First } from "./first.js";

export default mounting(
  (parent, /** @type {any} */ call) =>
    /** @type {import("../shared/mounting.js").Shown<any>} */ (
      "paper" in call.data ? new First(parent, call) : new Controls(parent, call)
    ),
);
