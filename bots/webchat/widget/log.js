// The scrolling conversation: days, bubbles, the greeting; only what changed is touched in the page.
import { h } from "./dom.js";
import { render } from "./markdown.js";
import { asEntry, row, waitingEntry } from "./rows.js";

const TOGETHER_MS = 300000;
const NEAR_PX = 80;

export class Log {
  _view;
  _rows = new Map();
  _firstKey = null;

  constructor(view) {
    this._view = view;
    this.greeting = h("div", { class: "hello" });
    this.earlier = h("button", { class: "l e", type: "button", onclick: () => this._loadEarlier(), hidden: true }, view.t("earlier"));
    this.list = h("div", { class: "list" });
    this.dots = h("div", { class: "dots", hidden: true }, h("i"), h("i"), h("i"), h("span", { class: "sr" }, view.t("typing")));
    // The log speaks for itself: screen readers read what is added, once.
    this.spoken = h("div", { role: "log", "aria-live": "polite", "aria-label": view.t("log") }, this.list);
    this.element = h("div", { class: "log", tabindex: "0", role: "region", "aria-label": view.t("log") }, this.greeting, this.earlier, this.spoken, this.dots);
    this.list.addEventListener("load", () => this._grew(), true);
  }

  /** A picture that arrives pushes the end down: follow it for who was there. */
  _grew() {
    if (this._near(300)) this.toEnd();
  }

  /** Bring the page up to date with the chat. */
  update() {
    const { chat } = this._view;
    const entries = this._entries();
    const wasNear = this._near();
    const heightBefore = this.element.scrollHeight;
    const topBefore = this.element.scrollTop;
    this._greet(entries.length);
    this.earlier.hidden = !chat.thread.earlier;
    const grown = this._sync(entries);
    this.dots.hidden = !chat.typing;
    const first = entries.find((entry) => entry.parts)?.key ?? null;
    if (grown.mine || wasNear) this.toEnd();
    else if (first !== this._firstKey) this.element.scrollTop = topBefore + this.element.scrollHeight - heightBefore;
    this._firstKey = first;
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
  }

  _near(distance = NEAR_PX) {
    return this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < distance;
  }

  async _loadEarlier() {
    this.earlier.disabled = true;
    await this._view.chat.loadEarlier().catch(() => {});
    this.earlier.disabled = false;
  }

  /** The greeting and suggested questions stand only in the page: nobody is stored for having looked. */
  _greet(said) {
    const { chat, t } = this._view;
    const { config } = chat;
    if (!config || chat.thread.earlier) return this.greeting.replaceChildren();
    const state = `${config.greeting}|${config.suggestions.length}|${!said}`;
    if (this.greeting.state === state) return;
    this.greeting.state = state;
    const ask = ({ label, payload }) => chat.say(payload ? { press: { payload, label } } : { text: label });
    const choices = config.suggestions.map((one) => h("button", { class: "c", type: "button", onclick: () => ask(one) }, one.label));
    this.greeting.replaceChildren(
      h("div", { class: "m bot" }, h("div", { class: "w" }, t("bot")), h("div", { class: "b" }, render(config.greeting, true)),
        !said && choices.length ? h("div", { class: "q", role: "group", "aria-label": t("answers") }, choices) : null));
  }

  _entries() {
    const { chat, formats, t } = this._view;
    const { messages, waiting } = chat.rows();
    const all = [...messages.map(asEntry), ...waiting.map(waitingEntry)];
    const pressed = new Map();
    for (const { parts } of all) for (const part of parts) if (part.part === "press" && part.target) pressed.set(part.target, part.payload);
    const lastAnswer = messages.filter((message) => message.author === "bot" || message.author === "agent").pop()?.id || 0;
    const entries = [];
    let before = null;
    for (const entry of all) {
      if (!entry.parts.some((part) => part.part !== "start")) continue;
      const day = entry.when.toDateString();
      if (before?.when.toDateString() !== day) {
        entries.push({ key: `d${day}`, day: formats.day(entry.when) });
        before = null;
      }
      const together = before && before.author === entry.author && before.name === entry.name && entry.when - before.when < TOGETHER_MS;
      entry.label = together || entry.mine || entry.author === "system" ? null : entry.name || t(entry.author === "agent" ? "agent" : "bot");
      entry.pressed = pressed.get(String(entry.id));
      entry.answered = entry.id < lastAnswer;
      if (together) before.last = false;
      entry.last = true;
      entries.push(entry);
      before = entry;
    }
    return entries;
  }

  /** Make the list's children be `entries`, keeping nodes that stay; says whether something of ours was added. */
  _sync(entries) {
    const grown = { mine: false };
    const kept = new Set(entries.map((entry) => entry.key));
    for (const [key, element] of this._rows) {
      if (kept.has(key)) continue;
      element.remove();
      this._rows.delete(key);
    }
    let next = this.list.firstChild;
    for (const entry of entries) {
      let element = this._rows.get(entry.key);
      if (!element) {
        element = entry.day ? h("div", { class: "d" }, entry.day) : row(entry, this._view);
        this._rows.set(entry.key, element);
        grown.mine ||= !!entry.item;
      }
      if (element !== next) this.list.insertBefore(element, next);
      else next = next.nextSibling;
      element.update?.(entry);
    }
    return grown;
  }
}
