// Copies the address of the page. `element` comes from shared.js, which Python puts in front.

const CHAIN = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9 15l6-6M11 6l1.5-1.5a4.5 4.5 0 0 1 6.4 6.4L17 13M13 18l-1.5 1.5a4.5 4.5 0 0 1-6.4-6.4L7 11"/></svg>`;

/** Put text on the clipboard. Browsers keep the newer way to https and localhost; a page in a class is often neither. */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = element("textarea", { readonly: true, style: "position:fixed;opacity:0" });
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (!copied) throw new Error("the browser does not allow it");
}

export default function ({ parentElement }) {
  const words = element("span", { "aria-live": "polite" }, "Copy link");
  const button = element("button", { type: "button", class: "copy-link", title: "A link to exactly this view" });
  button.innerHTML = CHAIN;
  button.append(words);
  let timer = 0;
  button.addEventListener("click", async () => {
    const done = await copy(location.href).then(() => "Link copied", () => "Copy it from the address bar");
    words.textContent = done;
    clearTimeout(timer);
    timer = setTimeout(() => (words.textContent = "Copy link"), 2000);
  });
  parentElement.querySelector(".copy-link")?.remove();
  parentElement.append(button);
  return () => clearTimeout(timer);
}
