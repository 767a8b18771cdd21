// Where the app stands on its host: at the root, or below a path of a proxy, which the app itself may not know.

const COMPONENTS = "/_stcore/bidi-components/"; // Streamlit serves our modules below it, and the app below what stands before it

/**
 * The address below which the app stands, with a slash at its end.
 * @param {string} module the address of one of our modules, as the browser loaded it
 * @param {string} origin of the page, for modules that Streamlit does not serve
 */
export function baseOf(module, origin) {
  const end = module.lastIndexOf(COMPONENTS);
  return end < 0 ? `${origin}/` : module.slice(0, end + 1);
}

/**
 * The address of a route of this server as the browser reaches it.
 * @param {string} route as the server says it, from its own root: `/latent-explorer/live`
 */
export function addressOf(route) {
  return baseOf(import.meta.url, location.origin) + route.replace(/^\//, "");
}
