// The live route: one connection for the page, through which whichever component asks for decoded images.
//
// Python puts this text in front of each component that uses it, after shared.js, whose `unpack` it needs. All of them share one
// `LiveRoute`, which the first one makes.

const LIVE_PATH = "/latent-explorer/live";
const IN_FLIGHT = 2;                       // one request that is answered and one on its way, whatever the distance
const RECONNECT_MS = [250, 500, 1000, 2000, 5000];

class LiveRoute {
  #waiting = new Map();   // channel -> [request, onAnswer], the oldest first
  #flying = new Map();    // number -> [channel, request, onAnswer]
  #watchers = new Set();
  #number = 0;
  #failures = 0;

  constructor() {
    this.online = false;
    this.#connect();
  }

  /**
   * Ask for images; `onAnswer({shape: [n, H, W, channels], pixels, codes})` or `onAnswer({error})` follows. Of the requests of one
   * channel that still wait, the newest wins: what the pointer has left behind is not asked for. Answers come in order.
   */
  ask(channel, request, onAnswer) {
    this.#waiting.delete(channel);
    this.#waiting.set(channel, [request, onAnswer]);
    this.#send();
  }

  /** Withdraw what still waits on a channel. */
  withdraw(channel) {
    this.#waiting.delete(channel);
  }

  /** Call `callback(online)` at every change; returns what ends that. */
  watch(callback) {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  #connect() {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + LIVE_PATH);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#failures = 0;
      this.socket = socket;
      this.#set(true);
      this.#send();
    };
    socket.onmessage = ({ data }) => this.#receive(new Uint8Array(data));
    socket.onclose = () => {
      this.socket = null;
      // What was on its way is asked again, unless something newer waits on its channel.
      for (const [channel, ...rest] of this.#flying.values()) {
        if (!this.#waiting.has(channel)) this.#waiting.set(channel, rest);
      }
      this.#flying.clear();
      this.#set(false);
      setTimeout(() => this.#connect(), RECONNECT_MS[Math.min(this.#failures++, RECONNECT_MS.length - 1)]);
    };
  }

  #set(online) {
    if (online === this.online) return;
    this.online = online;
    this.#watchers.forEach((callback) => callback(online));
  }

  #send() {
    while (this.socket && this.#flying.size < IN_FLIGHT && this.#waiting.size) {
      const [channel, [request, onAnswer]] = this.#waiting.entries().next().value;
      this.#waiting.delete(channel);
      const id = ++this.#number;
      this.#flying.set(id, [channel, request, onAnswer]);
      this.socket.send(JSON.stringify({ ...request, id }));
    }
  }

  #receive(bytes) {
    const { header, arrays } = unpack(bytes), flight = this.#flying.get(header.id);
    // The number of a request that could not be read is lost: it was the oldest.
    const id = flight ? header.id : this.#flying.keys().next().value;
    const onAnswer = this.#flying.get(id)?.[2];
    this.#flying.delete(id);
    this.#send();
    onAnswer?.(header.error ? { error: header.error } : { ...header, pixels: arrays[0] });
  }
}

/** The page's connection. */
function liveRoute() {
  return (globalThis.latentExplorerLive ??= new LiveRoute());
}

/** Put an image of an answer onto a canvas that has its size. */
function putPicture(canvas, { shape: [, H, W, channels], pixels }, number = 0) {
  if (canvas.width !== W) canvas.width = W;
  if (canvas.height !== H) canvas.height = H;
  const context = canvas.getContext("2d"), image = context.createImageData(W, H);
  const words = new Uint32Array(image.data.buffer), last = channels - 1;
  for (let i = 0, at = number * H * W * channels; i < words.length; i++, at += channels) {
    words[i] = (255 << 24) | (pixels[at + last] << 16) | (pixels[at + (last >> 1)] << 8) | pixels[at];
  }
  context.putImageData(image, 0, 0);
}

/** Show a canvas with its longer side so many CSS pixels long: images need not be square. */
function fitted(canvas, side) {
  const factor = side / Math.max(canvas.width, canvas.height);
  canvas.style.width = `${canvas.width * factor}px`;
  canvas.style.height = `${canvas.height * factor}px`;
}
