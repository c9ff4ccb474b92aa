// The script a site embeds: <script src="…/widget.js" data-channel="site" defer></script>
// Attributes: data-channel (which chat), data-lang (uk, ru, en), data-color (#rrggbb), data-title, data-open.
import { FrontdeskChat } from "./element.js";

const NAME = "frontdesk-chat";
const script = document.currentScript || document.querySelector('script[src*="widget.js"][data-channel]');

if (script && !customElements.get(NAME)) {
  customElements.define(NAME, FrontdeskChat);
  const element = document.createElement(NAME);
  element.dataset.base = new URL(".", script.src).href.replace(/\/$/, "");
  for (const name of ["channel", "lang", "color", "title", "open"]) {
    if (script.dataset[name] !== undefined) element.dataset[name] = script.dataset[name];
  }
  const add = () => document.body.append(element);
  if (document.body) add();
  else document.addEventListener("DOMContentLoaded", add);
}
