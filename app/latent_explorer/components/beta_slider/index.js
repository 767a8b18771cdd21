// Listens to the sliders of beta in the sidebar, which Streamlit draws.

import { mounting } from "../shared/mounting.js";
import { BetaSliders } from "./sliders.js";

export default mounting(
  (parent, /** @type {import("./sliders.js").SlidersCall} */ call) => new BetaSliders(parent, call),
);
