// The connection: a WebSocket, or a long poll where sockets do not get through; always trying again.
const SOCKET_TRIES = 2;
const PING_MS = 25000;
const SILENCE_MS = 10000;
const FIRST_SOCKET_AGAIN_MS = 10000;
const MAX_SOCKET_AGAIN_MS = 300000;
const FIRST_PAUSE_MS = 600;
const MAX_PAUSE_MS = 20000;
const POLL_SECONDS = 25;
const UNAUTHORIZED = 4401;

/**
 * `owner` gives: url(path), token(), forget(), cursor(), language, onFrame(frame), onState(up), onReady().
 */
export class Line {
  _owner;
  _running = false;
  _socket = null;
  _abort = null;
  _wake = null;
  _failures = 0;
  _socketFailures = 0;
  _socketAgainAt = 0;
  _socketAgainMs = FIRST_SOCKET_AGAIN_MS;
  _heard = 0;

  constructor(owner) {
    this._owner = owner;
    window.addEventListener("online", () => this._hurry());
    window.addEventListener("offline", () => this._drop());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this._check();
    });
  }

  get started() {
    return this._running;
  }

  /** Whether frames go out at once by socket (else they are posted). */
  get open() {
    return this._socket?.ready === true && this._socket.readyState === WebSocket.OPEN;
  }

  start() {
    if (this._running) return;
    this._running = true;
    this._run();
  }

  /** Begin anew as somebody else. */
  anew() {
    if (this._running) this._drop();
  }

  /** Send by socket; false where there is none. */
  send(frame) {
    if (!this.open) return false;
    this._socket.send(JSON.stringify(frame));
    return true;
  }

  /** Post a frame; returns the answer's frame. Throws where nobody answered or asks to try again. */
  async post(frame) {
    const answer = await fetch(`${this._owner.url("messages")}?lang=${this._owner.language}`, {
      method: "POST",
      headers: { ...this._bearer(), "content-type": "application/json" },
      body: JSON.stringify(frame),
    });
    if (answer.status === 401) await this._owner.forget();
    if (!answer.ok && answer.status !== 400 && answer.status !== 413) throw new Error(String(answer.status));
    return answer.json();
  }

  /** Fetch older messages. */
  async earlier(id) {
    const answer = await fetch(`${this._owner.url("messages")}?before=${id}`, { headers: this._bearer() });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  /** Begin anew from the owner's cursor: something is missing. */
  resume() {
    if (!this.send({ type: "resume", after: this._owner.cursor() })) this._abort?.abort();
  }

  async _run() {
    while (this._running) {
      const bySocket = this._socketFailures < SOCKET_TRIES || Date.now() >= this._socketAgainAt;
      const worked = bySocket ? await this._bySocket() : await this._byPoll();
      this._failures = worked ? 0 : this._failures + 1;
      if (this._failures || bySocket) await this._pause();
    }
  }

  /** Wait before the next try: doubling, with jitter, cut short when the browser says it is online. */
  _pause() {
    const limit = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this._failures);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limit * (0.5 + Math.random() / 2));
      this._wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  _hurry() {
    this._failures = 0;
    this._socketFailures = 0;
    this._wake?.();
  }

  _drop() {
    this._owner.onState(false);
    this._abort?.abort();
    this._socket?.end?.();
  }

  /** Ask whether the line still lives, as after a laptop's sleep. */
  _check() {
    if (!this.open) return this._wake?.();
    const asked = Date.now();
    this.send({ type: "ping" });
    setTimeout(() => {
      if (this._heard < asked) this._socket?.end?.();
    }, SILENCE_MS / 2);
  }

  // --- socket ---

  /** One socket's life; resolves when it is over with whether it ever worked. */
  async _bySocket() {
    if (!(await this._token())) return false;
    return new Promise((resolve) => {
      const socket = new WebSocket(this._owner.url("socket").replace(/^http/, "ws"));
      const beat = setInterval(() => this._beat(socket), PING_MS);
      const patience = setTimeout(() => socket.end(), SILENCE_MS);
      socket.end = (code) => {
        if (socket.ended) return;
        socket.ended = true;
        clearInterval(beat);
        clearTimeout(patience);
        socket.close();
        if (this._socket === socket) this._socket = null;
        this._ended(socket, code).then(resolve);
      };
      this._socket = socket;
      socket.onopen = () => {
        const { language } = this._owner;
        socket.send(JSON.stringify({ type: "hello", token: this._owner.token(), after: this._owner.cursor(), language }));
      };
      socket.onmessage = (event) => {
        if (!socket.ended) this._received(socket, JSON.parse(event.data), patience);
      };
      socket.onclose = (event) => socket.end(event.code);
    });
  }

  _received(socket, frame, patience) {
    this._heard = Date.now();
    if (frame.type === "welcome") {
      clearTimeout(patience);
      socket.ready = true;
      this._socketFailures = 0;
      this._socketAgainMs = FIRST_SOCKET_AGAIN_MS;
      this._owner.onState(true);
    }
    this._owner.onFrame(frame);
    // Our queue goes out once the thread stands, so that what came back already is not sent again.
    if (frame.type === "messages" && !socket.synced) {
      socket.synced = true;
      this._owner.onReady();
    }
    if (frame.type === "error" && frame.retry) {
      socket.trouble = true;
      socket.end();
    }
  }

  async _ended(socket, code) {
    if (!socket.ready) {
      this._socketFailures++;
      if (this._socketFailures >= SOCKET_TRIES) {
        this._socketAgainAt = Date.now() + this._socketAgainMs;
        this._socketAgainMs = Math.min(MAX_SOCKET_AGAIN_MS, this._socketAgainMs * 2);
      }
    }
    if (code === UNAUTHORIZED) await this._owner.forget();
    if (socket.ready || this._socketFailures > SOCKET_TRIES) this._owner.onState(false);
    // A gateway that greets and then cannot serve is no reason to hurry back.
    return !!socket.synced && !socket.trouble;
  }

  _beat(socket) {
    if (socket !== this._socket || !this.open) return;
    if (Date.now() - this._heard > PING_MS + SILENCE_MS) socket.end();
    else this.send({ type: "ping" });
  }

  // --- long poll ---

  /** Poll until it fails or sockets deserve another try; resolves with whether it worked. */
  async _byPoll() {
    let worked = false;
    while (this._running && Date.now() < this._socketAgainAt) {
      try {
        if (!(await this._token())) return worked;
        await this._pollOnce(worked);
      } catch {
        this._owner.onState(false);
        return false;
      }
      if (!worked) {
        worked = true;
        this._owner.onState(true);
        this._owner.onReady();
      }
    }
    return worked;
  }

  async _pollOnce(waiting) {
    const cursor = this._owner.cursor();
    const seconds = Math.max(1, Math.min(POLL_SECONDS, (this._socketAgainAt - Date.now()) / 1000));
    const after = cursor === null ? "" : `?after=${encodeURIComponent(cursor)}&wait=${waiting ? seconds : 0}`;
    this._abort = new AbortController();
    const answer = await fetch(this._owner.url("messages") + after, { headers: this._bearer(), signal: this._abort.signal });
    if (answer.status === 401) await this._owner.forget();
    if (!answer.ok) throw new Error(String(answer.status));
    const batch = await answer.json();
    this._owner.onFrame(batch);
    if (batch.typing) this._owner.onFrame({ type: "typing" });
  }

  async _token() {
    try {
      return await this._owner.ensureToken();
    } catch {
      this._owner.onState(false);
      return null;
    }
  }

  _bearer() {
    return { authorization: `Bearer ${this._owner.token()}` };
  }
}
