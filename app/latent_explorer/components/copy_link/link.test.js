import assert from "node:assert/strict";
import { test } from "node:test";

import { linkTo } from "./link.js";

test("a link names the model, the one of the address where there is one", () => {
  assert.equal(
    linkTo("https://a.example/map?item=3", "vae", "").link,
    "https://a.example/map?item=3&model=vae",
  );
  assert.equal(linkTo("https://a.example/?model=b", "vae", "").link, "https://a.example/?model=b");
  assert.equal(linkTo("https://a.example/", "", "").link, "https://a.example/");
});

test("a link of this computer says so", () => {
  for (const host of ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "127.3.2.1", "a.localhost"]) {
    assert.ok(linkTo(`http://${host}/`, "vae", "").here, host);
  }
  for (const host of ["192.168.1.5:8501", "explorer.example", "localhost.example"]) {
    assert.ok(!linkTo(`http://${host}/`, "vae", "").here, host);
  }
});

test("where the server is shared a link has the address that others open", () => {
  assert.deepEqual(linkTo("http://localhost:8501/map?item=3&model=b#x", "b", "http://192.168.1.5:8501"), {
    link: "http://192.168.1.5:8501/map?item=3&model=b#x",
    here: false,
  });
});
