// The messages on the screen, each once, ordered by id, and how far they reach.
export class Thread {
  messages = [];
  cursor = null;
  earlier = false;
  _ids = new Set();
  _have = new Map();

  /** Take a batch from the gateway. Returns false where something before it is missing. */
  take(batch) {
    if (batch.snapshot) this._reset(batch);
    let whole = true;
    for (const message of batch.messages) {
      const had = this._have.get(message.conversation);
      if (had !== undefined && message.prev > had) {
        whole = false;
        break;
      }
      this._have.set(message.conversation, Math.max(had || 0, message.seq));
      this._add(message);
    }
    if (whole) this.cursor = batch.cursor;
    return whole;
  }

  /** Take older messages, fetched because somebody scrolled up. */
  takeEarlier(batch) {
    for (const message of batch.messages) this._add(message);
    this.earlier = batch.earlier;
  }

  _reset(batch) {
    this.messages = [];
    this._ids.clear();
    this._have.clear();
    this.earlier = batch.earlier;
  }

  _add(message) {
    if (this._ids.has(message.id)) return;
    this._ids.add(message.id);
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1].id > message.id) at--;
    this.messages.splice(at, 0, message);
  }
}
