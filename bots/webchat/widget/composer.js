// Where one writes: grows with the text, keeps the draft, sends with Enter, takes files by button, drop and paste.
import { h, icon } from "./dom.js";

const LINES_PX = 132;

export class Composer {
  _view;

  constructor(view, uploads) {
    this._view = view;
    const { t, chat } = view;
    this.text = h("textarea", { rows: "1", placeholder: t("write"), "aria-label": t("write"), enterkeyhint: "send", autocomplete: "off" });
    this.text.value = chat.store.get("draft") || "";
    this.over = h("div", { class: "over", role: "status" });
    this.send = h("button", { class: "go", type: "button", "aria-label": t("send"), title: t("send"), onclick: () => this.submit() }, icon("send"));
    const input = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1" });
    input.onchange = () => {
      uploads.add(input.files);
      input.value = "";
    };
    this.attach = h("button", { class: "at", type: "button", "aria-label": t("attach"), title: t("attach"), onclick: () => input.click() }, icon("clip"));
    this.element = h("div", { class: "write" }, uploads.element, this.over, h("div", { class: "line" }, this.attach, input, this.text, this.send));
    this.input = input;
    this.text.addEventListener("input", () => this._typed());
    this.text.addEventListener("keydown", (event) => this._key(event));
    this.text.addEventListener("paste", (event) => {
      if (!this.attach.hidden && event.clipboardData.files.length) {
        event.preventDefault();
        uploads.add(event.clipboardData.files);
      }
    });
  }

  /** Follow the configuration: files may not be taken here. */
  update() {
    const { config } = this._view.chat;
    this.attach.hidden = !config?.uploadLimit;
    if (config) this.input.accept = config.uploadTypes.join();
    this._fit();
  }

  put(text) {
    this.text.value = text;
    this._typed();
    this.text.focus();
  }

  submit() {
    const text = clean(this.text.value);
    if (!text || this._excess() > 0) return;
    this._view.chat.say({ text });
    this.text.value = "";
    this._typed();
    this.text.focus();
  }

  _key(event) {
    // While an input method composes, Enter chooses a word.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.submit();
    }
  }

  _typed() {
    const { chat } = this._view;
    if (this.text.value) chat.wrote();
    chat.store.set("draft", this.text.value);
    this._fit();
  }

  _fit() {
    const excess = this._excess();
    this.over.textContent = excess > 0 ? this._view.t("long", excess) : "";
    this.send.disabled = excess > 0 || !clean(this.text.value);
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(LINES_PX, this.text.scrollHeight)}px`;
  }

  _excess() {
    return this.text.value.length - (this._view.chat.config?.textLimit || 20000);
  }
}

/** A text as the gateway takes it: half of an emoji, left by a careless paste, would spoil the JSON. */
function clean(text) {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD").trim();
}
