// The conversation without its looks: what was said, what is on its way, who is typing, what is unread.
import { Line } from "./line.js";
import { Outbox } from "./outbox.js";
import { Store } from "./store.js";
import { Thread } from "./thread.js";

const TYPING_SHOWN_MS = 5000;
const TYPING_SENT_MS = 2500;
const LOST_MS = 1500;
const AGAIN_MS = 3000;
const OTHER_TAB_MS = 8000;

export class Chat {
  thread = new Thread();
  config = null;
  lost = false;
  typing = false;
  attending = false;
  _up = false;
  _changed;
  _drawing = false;
  _lostTimer = 0;
  _typingTimer = 0;
  _typingSentAt = 0;
  _posting = false;
  _onWire = new Set();
  _reported = {};

  constructor({ base, channel, language, changed }) {
    this.base = base;
    this.channel = channel;
    this.language = language;
    this._changed = changed;
    this.store = new Store(`${base}:${channel}`);
    this.outbox = new Outbox(this.store);
    this.line = new Line(this);
    this.store.listen((name) => this._elsewhere(name));
    setInterval(() => this._tidy(), OTHER_TAB_MS);
  }

  /** Load the look and the greeting; those of the last visit serve until they are there. */
  async begin() {
    this.config = this.store.get(`config:${this.language}`);
    this.redraw();
    if (this.token() || this.outbox.pending().length) this.line.start();
    const answer = await fetch(`${this.url("config")}?lang=${this.language}`);
    if (!answer.ok) throw new Error(`${answer.status}`);
    this.config = await answer.json();
    this.store.set(`config:${this.language}`, this.config);
    this.language = this.config.language;
    this.redraw();
  }

  // --- saying ---

  say(body, shown) {
    this.outbox.add(body, shown);
    this._typingSentAt = 0;
    this.line.start();
    this.flush();
    this.redraw();
  }

  /** Send what waits, over whichever line there is. */
  flush() {
    if (this.line.open) {
      for (const item of this.outbox.pending()) {
        if (this._onWire.has(item.id)) continue;
        this._onWire.add(item.id);
        this.line.send(this._frame(item));
      }
    } else if (this._up) this._post();
  }

  wrote() {
    if (Date.now() - this._typingSentAt < TYPING_SENT_MS || !this._up) return;
    this._typingSentAt = Date.now();
    this.line.send({ type: "typing" });
  }

  takeBack(id) {
    this.outbox.remove(id);
    this.redraw();
  }

  // --- who and where ---

  /** The site's signed token says who this is. Whoever wrote here before as another customer stays apart. */
  async identify(token) {
    if (this.store.get("identity") === token && this.token()) return;
    let answer = await this._ask("identify", { token });
    if (answer.status === 409) {
      this.leave();
      answer = await this._ask("identify", { token });
    }
    if (!answer.ok) throw new Error(await reason(answer));
    this.store.set("identity", token);
    this.line.start();
  }

  /** Be somebody new; nothing of the one before is shown or sent any more. */
  leave() {
    for (const item of this.outbox.all()) this.outbox.remove(item.id);
    for (const name of ["token", "seen", "identity", "draft"]) this.store.remove(name);
    this.thread = new Thread();
    this._reported = {};
    this.line.anew();
    this.redraw();
  }

  /** A code and the links to go on elsewhere. Throws where there are none now. */
  async elsewhere() {
    const answer = await this._ask(`continue?lang=${this.language}`, {});
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  async _ask(path, body) {
    const token = await this.ensureToken();
    return fetch(this.url(path), {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  // --- reading ---

  /** The log's rows: the thread, then what is on its way. */
  rows() {
    const back = new Set(this.thread.messages.map((message) => message.key).filter(Boolean));
    const waiting = this.outbox.all().filter((item) => !back.has(item.id));
    return { messages: this.thread.messages, waiting };
  }

  get unread() {
    const seen = this.store.get("seen") || 0;
    return this.thread.messages.filter((message) => message.id > seen && message.author !== "contact").length;
  }

  /** Whether somebody looks: decides what counts as read. */
  attend(attending) {
    this.attending = attending;
    if (attending) this._saw();
    this.redraw();
  }

  async loadEarlier() {
    const first = this.thread.messages[0];
    if (!first) return;
    this.thread.takeEarlier(await this.line.earlier(first.id));
    this.redraw();
  }

  redraw() {
    if (this._drawing) return;
    this._drawing = true;
    queueMicrotask(() => {
      this._drawing = false;
      this._changed();
    });
  }

  // --- for the line ---

  url(path) {
    return `${this.base}/channels/${encodeURIComponent(this.channel)}/${path}`;
  }

  token() {
    return this.store.get("token");
  }

  cursor() {
    return this.thread.cursor;
  }

  async ensureToken() {
    if (this.token()) return this.token();
    const answer = await fetch(this.url("visitors"), { method: "POST" });
    if (!answer.ok) throw new Error(String(answer.status));
    const made = await answer.json();
    // Another tab may have been faster; then we are the visitor it made.
    if (!this.token()) this.store.set("token", made.token);
    return this.token();
  }

  /** The gateway does not know our token any more: be somebody new; what is on its way still goes out. */
  async forget() {
    this.store.remove("token");
    this.thread = new Thread();
    this.store.remove("seen");
    for (const item of this.outbox.all()) if (item.acked) this.outbox.remove(item.id);
    this.redraw();
  }

  onState(up) {
    this._up = up;
    if (!up) this._onWire.clear();
    clearTimeout(this._lostTimer);
    if (up) this.lost = false;
    else this._lostTimer = setTimeout(() => this._lose(), LOST_MS);
    this.redraw();
  }

  onReady() {
    this.flush();
    this._report();
  }

  onFrame(frame) {
    if (frame.type === "messages") this._take(frame);
    else if (frame.type === "ack") this._acked(frame.id);
    else if (frame.type === "error") this._error(frame);
    else if (frame.type === "typing") this._showTyping(TYPING_SHOWN_MS);
    else if (frame.type === "welcome" && frame.token) this.store.set("token", frame.token);
    this.redraw();
  }

  // --- inside ---

  _take(batch) {
    if (!this.thread.take(batch)) return this.line.resume();
    for (const message of batch.messages) {
      if (message.key) this.outbox.remove(message.key);
      else this._showTyping(0);
    }
    if (this.attending) this._saw();
    else this._report();
  }

  _acked(id) {
    this._onWire.delete(id);
    this.outbox.acked(id);
    if (this.thread.messages.some((message) => message.key === id)) this.outbox.remove(id);
  }

  _error(frame) {
    if (!frame.id) return;
    this._onWire.delete(frame.id);
    if (!frame.retry) this.outbox.failed(frame.id, frame.message);
  }

  /** One after the other, so that the order stays; what fails is tried again. */
  async _post() {
    if (this._posting) return;
    this._posting = true;
    try {
      for (let item; (item = this.outbox.pending()[0]) && this._up && !this.line.open; ) {
        this.onFrame(await this.line.post(this._frame(item)));
      }
    } catch {
      setTimeout(() => this.flush(), AGAIN_MS);
    } finally {
      this._posting = false;
    }
  }

  _frame(item) {
    return { type: "message", id: item.id, language: this.language, ...item.body };
  }

  _saw() {
    const last = this.thread.messages[this.thread.messages.length - 1];
    if (last && last.id > (this.store.get("seen") || 0)) this.store.set("seen", last.id);
    this._report();
  }

  /** Tell the gateway how far this screen got, once for each step. */
  _report() {
    const type = this.attending ? "read" : "delivered";
    const cursor = this.thread.cursor;
    if (!cursor || !this._up || this._reported.read === cursor || this._reported[type] === cursor) return;
    this._reported[type] = cursor;
    if (!this.line.send({ type, cursor })) this.line.post({ type, cursor }).catch(() => (this._reported[type] = null));
  }

  _showTyping(ms) {
    clearTimeout(this._typingTimer);
    this.typing = ms > 0;
    if (ms) {
      this._typingTimer = setTimeout(() => {
        this.typing = false;
        this.redraw();
      }, ms);
    }
  }

  _lose() {
    this.lost = !this._up;
    this.redraw();
  }

  /** Another tab said something, read something, or was given a token. */
  _elsewhere(name) {
    if (name.startsWith("out:") || name === "token") this.line.start();
    this.redraw();
  }

  /** What a closed tab left in the queue is sent by whoever is still here. */
  _tidy() {
    this.outbox.sweep();
    if (this.outbox.pending().some((item) => Date.now() - item.at > OTHER_TAB_MS)) this.flush();
  }
}

async function reason(answer) {
  const said = await answer.json().catch(() => ({}));
  return said.message || said.detail || String(answer.status);
}
