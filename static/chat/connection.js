// The page's one socket, shared by all chats on it. Knows no room; asks, hears, and comes back by itself.

const PATIENCE = 8000;
const COME_BACK = 5000;
const connections = new Map();

export class Offline extends Error {}

class Connection extends EventTarget {
  constructor(base) {
    super();
    this.ended = false;
    this.socket = globalThis.io({
      path: `${base}/socket.io/`,
      transports: ["websocket"],
      reconnectionDelay: 500,
      reconnectionDelayMax: COME_BACK,
    });
    this.socket.on("connect", () => this.#tell("online"));
    this.socket.on("disconnect", (reason) => {
      // the server sends a socket away only when the session behind it has ended
      if (reason === "io server disconnect") this.ended = true;
      this.#tell("offline");
    });
    this.socket.on("connect_error", (error) => {
      if (error.message === "请先登录") this.ended = true;
      else if (!this.socket.active) setTimeout(() => this.socket.connect(), COME_BACK);
      this.#tell("offline");
    });
    for (const name of ["message", "read", "change", "seen", "mine", "typing", "gone"]) {
      this.socket.on(name, (data) => this.#tell(name, data));
    }
  }

  get online() {
    return this.socket.connected;
  }

  /** Ask the server; its answer, which may hold `error`. Throws Offline when there is none in time. */
  async ask(event, data) {
    if (!this.online) throw new Offline();
    try {
      return await this.socket.timeout(PATIENCE).emitWithAck(event, data);
    } catch {
      throw new Offline();
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** The connection to the server below this path prefix. */
export function connection(base) {
  if (!connections.has(base)) connections.set(base, new Connection(base));
  return connections.get(base);
}
