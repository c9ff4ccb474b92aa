// The script a site embeds: <script src="…/widget.js" data-channel="site" defer></script>
// Attributes: data-channel (which chat), data-lang (uk, ru, en), data-color (#rrggbb), data-title, data-open,
// data-identity (a signed token of the site's, see `Frontdesk.identify`).
import { FrontdeskChat } from "./element.js";

const NAME = "frontdesk-chat";
const script = document.currentScript || document.querySelector('script[src*="widget.js"][data-channel]');

if (script && !customElements.get(NAME)) {
  customElements.define(NAME, FrontdeskChat);
  const element = document.createElement(NAME);
  element.dataset.base = new URL(".", script.src).href.replace(/\/$/, "");
  for (const name of ["channel", "lang", "color", "title", "open", "identity"]) {
    if (script.dataset[name] !== undefined) element.dataset[name] = script.dataset[name];
  }
  // What a site may call: who its signed-in customer is, that they have signed out, and the chat itself.
  window.Frontdesk = {
    identify: (token) => element.identify(token),
    forget: () => element.forget(),
    open: () => element.open(),
    close: () => element.close(),
  };
  const add = () => document.body.append(element);
  if (document.body) add();
  else document.addEventListener("DOMContentLoaded", add);
}
