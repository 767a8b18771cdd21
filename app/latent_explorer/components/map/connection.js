// Whether the live route answers: a map says that it does not only after a while.

const OFFLINE_MS = 1500; // so long may a connection take before the map says that it is missing

export class Connection {
  offline = false; // known to be, after a while
  #waiting = 0; // timer of that while
  #unwatch;

  /**
   * @param {ReturnType<typeof import("../shared/decoder.js").pageDecoder>} decoder
   * @param {HTMLElement} root tells it in its data
   * @param {() => void} onChange
   */
  constructor(decoder, root, onChange) {
    this.decoder = decoder;
    this.root = root;
    this.onChange = onChange;
    this.#unwatch = decoder.watch(() => this.#notice());
    this.#notice();
  }

  #notice() {
    clearTimeout(this.#waiting);
    const notice = () => {
      this.offline = !this.decoder.online;
      this.onChange();
    };
    this.root.dataset.live = String(this.decoder.online);
    if (this.decoder.online) notice();
    else this.#waiting = window.setTimeout(notice, OFFLINE_MS);
  }

  remove() {
    clearTimeout(this.#waiting);
    this.#unwatch();
  }
}
