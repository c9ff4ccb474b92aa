// What outlives a reload, shared by all tabs of a site: one localStorage key a value, so that two tabs
// never overwrite each other's part. Where storage is forbidden it lasts as long as the page.
export class Store {
  _prefix;
  _memory = new Map();
  _storage;

  constructor(prefix) {
    this._prefix = `frontdesk:${prefix}:`;
    try {
      this._storage = window.localStorage;
      this._storage.setItem(`${this._prefix}try`, "1");
      this._storage.removeItem(`${this._prefix}try`);
    } catch {
      this._storage = null;
    }
  }

  get(name) {
    const raw = this._storage ? this._storage.getItem(this._prefix + name) : this._memory.get(name);
    try {
      return raw ? JSON.parse(raw) : null;
    } catch {
      return null;
    }
  }

  set(name, value) {
    const raw = JSON.stringify(value);
    try {
      if (this._storage) return this._storage.setItem(this._prefix + name, raw);
    } catch {
      // The quota is used up: go on in memory, a message on its way must not be lost for that.
      for (const key of this.names("")) this._memory.set(key, JSON.stringify(this.get(key)));
      this._storage = null;
    }
    this._memory.set(name, raw);
  }

  remove(name) {
    if (this._storage) this._storage.removeItem(this._prefix + name);
    this._memory.delete(name);
  }

  /** All names that begin so. */
  names(start) {
    if (!this._storage) return [...this._memory.keys()].filter((name) => name.startsWith(start));
    const full = this._prefix + start;
    return Object.keys(this._storage).filter((key) => key.startsWith(full)).map((key) => key.slice(this._prefix.length));
  }

  /** Call `heard(name)` when another tab changes something; returns how to stop. */
  listen(heard) {
    const listener = (event) => {
      if (event.key?.startsWith(this._prefix)) heard(event.key.slice(this._prefix.length));
    };
    window.addEventListener("storage", listener);
    return () => window.removeEventListener("storage", listener);
  }
}
