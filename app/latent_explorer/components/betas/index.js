// One observation at nine betas, and a marker to drag.

import { mounting } from "../shared/mounting.js";
import { Betas } from "./betas.js";

export default mounting(
  (parent, /** @type {import("./betas.js").BetasCall} */ call) => new Betas(parent, call),
);
