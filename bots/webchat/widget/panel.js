// The opened chat: heading, notice, log, composer; on a phone the whole screen.
import { Composer } from "./composer.js";
import { h, icon } from "./dom.js";
import { Log } from "./log.js";
import { Moving } from "./moving.js";
import { Uploads } from "./uploads.js";

export const PHONE = "(max-width: 520px), (max-height: 420px)";

export class Panel {
  _view;
  _phone = window.matchMedia(PHONE);

  constructor(view, close) {
    this._view = view;
    const { t } = view;
    this.uploads = new Uploads(view);
    this.log = new Log(view);
    this.composer = new Composer(view, this.uploads);
    view.edit = (item) => {
      view.chat.takeBack(item.id);
      this.composer.put(item.body.text);
    };
    this.title = h("h2", { id: "title" });
    this.notice = h("div", { class: "lost", role: "status" });
    const shut = h("button", { class: "x", type: "button", "aria-label": t("close"), title: t("close"), onclick: close }, icon("close"));
    this.moving = new Moving(view);
    const head = h("div", { class: "head" }, h("div", {}, this.title, h("p", {}, t("now"))), this.moving.button, shut);
    this.element = h("section", { class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true },
      head, this.notice, this.moving.element, this.log.element, this.composer.element, h("div", { class: "over-drop", "aria-hidden": "true" }, t("here")));
    this._listen(close);
    window.visualViewport?.addEventListener("resize", () => this._followKeyboard());
  }

  get isOpen() {
    return !this.element.hidden;
  }

  open(focus) {
    this.element.hidden = false;
    this.element.setAttribute("aria-modal", String(this._phone.matches));
    if (this._phone.matches) document.documentElement.style.setProperty("overflow", "hidden");
    this._followKeyboard();
    this.update();
    this.log.toEnd();
    if (!focus) return;
    // On a phone the keyboard would hide the greeting; the first thing there is the way out.
    if (window.matchMedia("(pointer: coarse)").matches) this.element.querySelector(".head button").focus();
    else this.composer.text.focus();
  }

  close() {
    this.element.hidden = true;
    document.documentElement.style.removeProperty("overflow");
  }

  update() {
    const { chat, t } = this._view;
    if (this.title.textContent !== (chat.config?.title || "")) this.title.textContent = chat.config?.title || "";
    const words = chat.lost ? t("lost") : "";
    if (this.notice.textContent !== words) this.notice.textContent = words;
    this.moving.update();
    this.log.update();
    this.composer.update();
  }

  _listen(close) {
    const { element } = this;
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        if (this.moving.isOpen) this.moving.close();
        else close();
      } else if (event.key === "Tab" && this._phone.matches) this._trap(event);
    });
    let inside = 0;
    const over = (by) => element.classList.toggle("drop", (inside = Math.max(0, inside + by)) > 0);
    const wanted = (event) => !this.composer.attach.hidden && [...event.dataTransfer.types].includes("Files");
    element.addEventListener("dragenter", (event) => wanted(event) && over(1));
    element.addEventListener("dragleave", (event) => wanted(event) && over(-1));
    element.addEventListener("dragover", (event) => wanted(event) && event.preventDefault());
    element.addEventListener("drop", (event) => {
      if (!wanted(event)) return;
      event.preventDefault();
      over(-inside);
      this.uploads.add(event.dataTransfer.files);
    });
  }

  /** Full screen is a world of its own: Tab goes round inside it. */
  _trap(event) {
    const stops = [...this.element.querySelectorAll("button, a[href], textarea, [tabindex='0']")].filter(
      (stop) => !stop.disabled && stop.offsetParent !== null,
    );
    const at = stops.indexOf(this.element.getRootNode().activeElement);
    const edge = event.shiftKey ? 0 : stops.length - 1;
    if (at !== edge) return;
    event.preventDefault();
    stops[stops.length - 1 - edge].focus();
  }

  /** iOS lays its keyboard over the page instead of shrinking it: shrink to what is seen. */
  _followKeyboard() {
    const seen = window.visualViewport;
    const { style } = this.element;
    if (!seen || !this._phone.matches) return style.removeProperty("height");
    style.setProperty("height", `${Math.round(seen.height)}px`);
    style.setProperty("top", `${Math.round(seen.offsetTop)}px`);
    this.log.toEnd();
  }
}
