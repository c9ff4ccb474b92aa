// What was said and is not yet safe: kept until the gateway has committed it *and* showed it back.
// The id is made once, so sending again after a reload, from another tab or twice is harmless.
const SHOWN_BACK_MS = 600000;

export class Outbox {
  _store;
  _count = 0;

  constructor(store) {
    this._store = store;
  }

  /** Queue a message body ({text} | {press} | {files}); `shown` is what the log shows meanwhile. */
  add(body, shown) {
    const item = { id: crypto.randomUUID ? crypto.randomUUID() : uuid(), at: Date.now(), n: this._count++, body, shown };
    this._write(item);
    return item;
  }

  /** Everything not yet shown back, in the order it was said. */
  all() {
    const items = this._store.names("out:").map((name) => this._store.get(name)).filter(Boolean);
    return items.sort((a, b) => a.at - b.at || a.n - b.n);
  }

  /** What must still be sent. */
  pending() {
    return this.all().filter((item) => !item.acked && !item.failed);
  }

  acked(id) {
    const item = this._read(id);
    if (item) this._write({ ...item, acked: Date.now(), failed: null });
  }

  failed(id, reason) {
    const item = this._read(id);
    if (item) this._write({ ...item, failed: reason });
  }

  /** The message came back in the thread (or its writer took it back). */
  remove(id) {
    this._store.remove(`out:${id}`);
  }

  /** Forget what was committed long ago and never came back (its conversation is gone). */
  sweep() {
    for (const item of this.all()) if (item.acked && Date.now() - item.acked > SHOWN_BACK_MS) this.remove(item.id);
  }

  _read(id) {
    return this._store.get(`out:${id}`);
  }

  _write(item) {
    this._store.set(`out:${item.id}`, item);
  }
}

/** A version 4 UUID for pages without HTTPS, where crypto.randomUUID does not exist. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
