import assert from "node:assert/strict";
import { test } from "node:test";

import { addressOf, baseOf } from "./base.js";

const MODULE = "_stcore/bidi-components/latent-explorer.map/shared/base.js";

test("the app stands where its modules come from", () => {
  for (const base of [
    "https://here/",
    "http://localhost:8501/",
    "https://hub.example/user/ann/proxy/8501/",
    "https://hub.example/_stcore/bidi-components/x/",
  ]) {
    assert.equal(baseOf(base + MODULE, "https://elsewhere"), base);
  }
});

test("modules that Streamlit does not serve ask the root of the page's own host", () => {
  Object.defineProperty(globalThis, "location", { value: { origin: "https://here" }, configurable: true });
  assert.equal(addressOf("/latent-explorer/live"), "https://here/latent-explorer/live");
});
