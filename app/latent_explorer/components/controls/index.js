// A picture, and handles for what it is made of: all of them, or a few for the first sight.

import { nameFeatures } from "../shared/features.js";
import { mounting } from "../shared/mounting.js";
import { Controls } from "./controls.js";
import { First } from "./first.js";

export default mounting((parent, /** @type {any} */ call) => {
  const shown = "paper" in call.data ? new First(parent, call) : new Controls(parent, call);
  nameFeatures(shown.root, () => shown.data.features);
  return /** @type {import("../shared/mounting.js").Shown<any>} */ (shown);
});
