// Going on in another messenger: a sheet over the conversation with a link, the same as a picture, and a code.
import { h, icon } from "./dom.js";
import { link } from "./markdown.js";

const SVG = "http://www.w3.org/2000/svg";

export class Moving {
  _view;
  _asked = 0;

  constructor(view) {
    this._view = view;
    const { t } = view;
    this.button = h("button", { class: "x", type: "button", "aria-pressed": "false", "aria-label": t("move"), title: t("move"), hidden: true, onclick: () => (this.isOpen ? this.close() : this.open()) }, icon("move"));
    this.body = h("div", { class: "ways" });
    const shut = h("button", { class: "l", type: "button", onclick: () => this.close() }, t("stay"));
    this.element = h("section", { class: "sheet", "aria-label": t("move"), hidden: true }, this.body, shut);
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Follow the configuration: there may be nowhere to go. */
  update() {
    const names = this._view.chat.config?.elsewhere || [];
    this.button.hidden = !names.length;
    if (!names.length && this.isOpen) this.close();
  }

  async open() {
    this.element.hidden = false;
    this.button.setAttribute("aria-pressed", "true");
    const asked = ++this._asked;
    this._show(h("p", { role: "status" }, this._view.t("wait")));
    try {
      const found = await this._view.chat.elsewhere();
      if (asked === this._asked && this.isOpen) this._show(...this._ways(found));
    } catch {
      if (asked === this._asked) this._show(h("p", { role: "alert" }, this._view.t("nomove")));
    }
  }

  close() {
    this._asked++;
    this.element.hidden = true;
    this.button.setAttribute("aria-pressed", "false");
    this.body.replaceChildren();
    this.button.focus();
  }

  _show(...nodes) {
    this.body.replaceChildren(...nodes);
  }

  _ways({ code, minutes, links }) {
    const { t } = this._view;
    const ways = links.map(({ url, label, size, path }) => {
      const open = link(url, t("goto", label), { class: "c" });
      if (!open) return null;
      open.append(icon("out"));
      return h("div", { class: "way" }, picture(size, path, t("scan", label)), open, h("small", {}, t("scan", label)));
    });
    const known = h("code", {}, code);
    const other = h("details", {}, h("summary", {}, t("other")), h("p", {}, t("send-code")), known);
    return [...ways.filter(Boolean), h("p", {}, t("once", minutes)), other];
  }
}

/** A QR code: always dark on light, whatever the page's colours are, or no camera reads it. */
function picture(size, path, words) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("class", "qr");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", words);
  svg.setAttribute("shape-rendering", "crispEdges");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}
