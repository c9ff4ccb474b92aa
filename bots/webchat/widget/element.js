// <frontdesk-chat>: the launcher and the panel in a shadow root, so that no site's style reaches them.
import { Chat } from "./chat.js";
import { Formats } from "./formats.js";
import { isColor, readableOn, textOn } from "./color.js";
import { h, icon } from "./dom.js";
import { Panel, PHONE } from "./panel.js";
import { STYLE, SURFACES } from "./style.js";
import { chooseLanguage, translator } from "./texts.js";

const AGAIN_MS = 15000;
const ARRIVAL = /[#&]frontdesk=(go-[A-Za-z0-9_-]{24})/;

export class FrontdeskChat extends HTMLElement {
  _chat;
  _panel;
  _launcher;
  _badge;
  _spoken;
  _wanted = false;
  _t;
  _dark = window.matchMedia("(prefers-color-scheme: dark)");

  connectedCallback() {
    if (this._chat) return;
    const { base, channel, lang } = this.dataset;
    const language = chooseLanguage(lang, document.documentElement.lang, navigator.languages || []);
    this._chat = new Chat({ base, channel, language, changed: () => this._update() });
    this.hidden = true;
    this._begin();
    if (this.dataset.identity) this.identify(this.dataset.identity);
    this._arrive();
    window.addEventListener("hashchange", () => this._arrive());
    for (const happened of ["visibilitychange", "focus", "blur"]) {
      (happened === "visibilitychange" ? document : window).addEventListener(happened, () => this._attend());
    }
    this._dark.addEventListener("change", () => this._paint());
    document.addEventListener("click", (event) => {
      const opener = event.target.closest?.("[data-frontdesk-open]");
      if (!opener || !this._panel) return;
      event.preventDefault();
      this.open();
      if (opener.dataset.frontdeskOpen) this._panel.composer.put(opener.dataset.frontdeskOpen);
    });
  }

  /** The site says who its customer is, in a signed token; resolves with whether it was taken. */
  async identify(token) {
    try {
      await this._chat.identify(token);
      return true;
    } catch (error) {
      console.warn(`frontdesk: the token was not taken (${error.message})`);
      return false;
    }
  }

  /** The customer has signed out: whoever comes next begins anew. */
  forget() {
    this._chat.leave();
  }

  /** Somebody came by a link from another messenger: its code is taken out of the address and shown once. */
  _arrive() {
    const found = ARRIVAL.exec(location.hash);
    if (!found) return;
    history.replaceState(history.state, "", location.pathname + location.search + location.hash.replace(ARRIVAL, ""));
    this._chat.say({ parts: [{ part: "start", payload: found[1] }] });
    this._wanted = true;
    if (this._panel) this.open();
  }

  /** Open the chat and put the cursor into it. */
  open(focus = true) {
    if (!this._panel || this._panel.isOpen) return;
    this.classList.add("open");
    this._panel.open(focus);
    this._launcher.setAttribute("aria-expanded", "true");
    this._label();
    this._remember(true);
    this._attend();
  }

  /** Close it and give the cursor back to the launcher. */
  close() {
    this._panel.close();
    this.classList.remove("open");
    this._launcher.setAttribute("aria-expanded", "false");
    this._label();
    this._remember(false);
    this._attend();
    this._launcher.focus();
  }

  async _begin() {
    try {
      await this._chat.begin();
    } catch (error) {
      console.warn(`frontdesk: the chat is not there (${error.message}); trying again`);
      setTimeout(() => this._begin(), AGAIN_MS);
    }
  }

  /** Made once the words are there; until then nothing is shown. */
  _build({ language, texts }) {
    this._t = translator(texts);
    this.lang = language;
    const view = { t: this._t, formats: new Formats(language), chat: this._chat, base: this._chat.base };
    const root = this.attachShadow({ mode: "open" });
    // A constructed sheet works under a site's strict style-src; an element would not.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this._panel = new Panel(view, () => this.close());
    this._badge = h("span", { class: "n", "aria-hidden": "true", hidden: true });
    this._launcher = h("button", { class: "launch", type: "button", "aria-expanded": "false", "aria-haspopup": "dialog" },
      icon("chat"), icon("down"), this._badge);
    this._launcher.onclick = () => (this._panel.isOpen ? this.close() : this.open());
    this._spoken = h("div", { class: "sr", role: "status" });
    root.append(this._panel.element, this._launcher, this._spoken);
    this.hidden = false;
  }

  _update() {
    const { config } = this._chat;
    if (!config) return;
    const { title, color } = this.dataset;
    if (title) config.title = title;
    if (isColor(color)) config.color = color;
    if (!this._panel) {
      this._build(config);
      this._label();
      if (this._wanted || this._shouldOpen()) this.open(false);
    }
    this._paint();
    if (this._panel.isOpen) this._panel.update();
    this._count();
  }

  _paint() {
    const { color } = this._chat.config || {};
    if (!isColor(color)) return;
    const surface = SURFACES[this._dark.matches ? "dark" : "light"];
    this.style.setProperty("--brand", color);
    this.style.setProperty("--on-brand", textOn(color));
    this.style.setProperty("--brand-ink", readableOn(color, surface));
  }

  _attend() {
    this._chat.attend(!!this._panel?.isOpen && !document.hidden && document.hasFocus());
  }

  _count() {
    const { unread } = this._chat;
    const shown = unread > 9 ? "9+" : String(unread);
    this._badge.hidden = !unread || this._panel.isOpen;
    if (this._badge.textContent === shown) return this._title(unread);
    this._badge.textContent = shown;
    this._label();
    if (unread && !this._panel.isOpen) this._spoken.textContent = this._t("new", unread);
    this._title(unread);
  }

  _label() {
    const words = this._t(this._panel.isOpen ? "close" : "open");
    const { unread } = this._chat;
    this._launcher.setAttribute("aria-label", unread && !this._panel.isOpen ? `${words}. ${this._t("new", unread)}` : words);
    this._launcher.title = words;
  }

  /** The page's title carries the number of unread messages while nobody looks. */
  _title(unread) {
    const bare = document.title.replace(/^\(\d+\) /, "");
    const wanted = unread && !this._chat.attending ? `(${unread}) ${bare}` : bare;
    if (document.title !== wanted) document.title = wanted;
  }

  /** Open as it was before a reload; else as the site asks, but never over a phone's whole screen. */
  _shouldOpen() {
    try {
      const before = sessionStorage.getItem("frontdesk:open");
      if (before) return before === "1";
    } catch {
      // Storage is forbidden here.
    }
    return this.dataset.open !== undefined && !window.matchMedia(PHONE).matches;
  }

  _remember(open) {
    try {
      sessionStorage.setItem("frontdesk:open", open ? "1" : "0");
    } catch {
      // Storage is forbidden here; the next page begins closed.
    }
  }
}
