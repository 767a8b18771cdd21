// A picture, and a handle for everything it is made of.

import { mounting } from "../shared/mounting.js";
import { Controls } from "./controls.js";

export default mounting(
  (parent, /** @type {import("./state.js").ControlsCall} */ call) => new Controls(parent, call),
);
