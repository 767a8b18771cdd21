// A training as it goes.

import { mounting } from "../shared/mounting.js";
import { Training } from "./training.js";

export default mounting(
  (parent, /** @type {import("./training.js").TrainingCall} */ call) => new Training(parent, call),
);
