// The link to what a page shows, as others can open it.

// Names of the computer itself, as a browser writes them.
const ITSELF = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/;

/**
 * @param {string} address of the page
 * @param {string} model its name, which is in every link: another server may begin with another one
 * @param {string} shared the address at which others open this server, or nothing
 * @returns {{link: string, here: boolean}} here: whether it works on this computer only
 */
export function linkTo(address, model, shared) {
  const link = new URL(address);
  if (model && !link.searchParams.has("model")) link.searchParams.set("model", model);
  const here = ITSELF.test(link.hostname);
  if (!here || !shared) return { link: link.href, here };
  const { protocol, hostname, port } = new URL(shared);
  link.protocol = protocol;
  link.hostname = hostname;
  link.port = port;
  return { link: link.href, here: false };
}
