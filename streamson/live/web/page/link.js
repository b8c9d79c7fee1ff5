// The connection to the page's server: what is told comes here, what is wanted goes out.

const PATIENCE_MS = [500, 1000, 2000, 5000];
const PING_MS = 2000;
const PINGS_KEPT = 8;
const SILENCE_MS = 10000; // of a server that answers pings: the connection is none any more

export class Link extends EventTarget {
  /** `told(topic, message)` is called with all that comes. */
  constructor(told) {
    super();
    this.isOpen = false;
    this.clockOffset = null; // seconds that the server's clock is ahead of ours
    this._told = told;
    this._tries = 0;
    this._number = 0;
    this._answers = new Map();
    this._pings = [];
    this._open();
    setInterval(() => this._ping(), PING_MS);
  }

  /** Send a command; the promise is its answer, which may be that it was not done. */
  command(name, values = {}) {
    if (!this.isOpen) return Promise.resolve({ ok: false, text: "There is no connection." });
    const id = ++this._number;
    const answer = new Promise((resolve) => this._answers.set(id, resolve));
    this._socket.send(JSON.stringify({ command: name, id, ...values }));
    return answer;
  }

  _open() {
    const address = new URL("view", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this._socket = new WebSocket(address);
    this._socket.onopen = () => this._change(true);
    this._socket.onclose = () => this._change(false);
    this._socket.onmessage = (event) => {
      this._heardAt = performance.now();
      this._take(JSON.parse(event.data));
    };
  }

  _change(isOpen) {
    this.isOpen = isOpen;
    this._heardAt = performance.now();
    if (isOpen) {
      this._tries = 0;
      this._pings = [];
      this._ping();
    } else {
      for (const resolve of this._answers.values()) resolve({ ok: false, text: "The connection was lost." });
      this._answers.clear();
      const patience = PATIENCE_MS[Math.min(this._tries++, PATIENCE_MS.length - 1)];
      setTimeout(() => this._open(), patience);
    }
    this.dispatchEvent(new Event("change"));
  }

  _ping() {
    if (!this.isOpen) return;
    if (performance.now() - this._heardAt < SILENCE_MS) {
      this._socket.send(JSON.stringify({ ping: performance.now() }));
      return;
    }
    // Half open, as where a network changed: the browser would tell of its end minutes later.
    this._socket.onopen = this._socket.onclose = this._socket.onmessage = null;
    this._socket.close();
    this._change(false);
  }

  _take({ topic, message }) {
    if (topic === "answer") {
      this._answers.get(message.id)?.(message);
      this._answers.delete(message.id);
    } else if (topic === "pong") {
      // The quickest of the last exchanges tells best (RFC 5905).
      const now = performance.now();
      const took = now - message.ping;
      this._pings.push({ took, offset: message.time - (performance.timeOrigin + now - took / 2) / 1000 });
      if (this._pings.length > PINGS_KEPT) this._pings.shift();
      this.clockOffset = this._pings.reduce((a, b) => (b.took < a.took ? b : a)).offset;
    } else {
      this._told(topic, message);
    }
  }
}
