// One message on the screen: a bubble with its parts, choices, time and ticks.
import { h, icon } from "./dom.js";
import { link, render } from "./markdown.js";

// The score, and perhaps the conversation that is rated.
const RATING = /^f:rating:([1-5])(?::\d+)?$/;
// Whether an answer helped: small, and one may think better of it.
const VOTE = /^v:[01]:/;

/** A message or a queued item in one shape. `key` stays the same when the gateway shows an item back. */
export function asEntry(message) {
  return { ...message, key: message.key || `m${message.id}`, when: new Date(message.at), mine: message.author === "contact" };
}

export function waitingEntry(item) {
  const { body, shown } = item;
  const parts = [...(shown || [])];
  if (body.text) parts.push({ part: "text", text: body.text });
  if (body.press) parts.push({ part: "press", ...body.press });
  return { key: item.id, when: new Date(item.at), mine: true, author: "contact", parts, item };
}

/** The row's element; `update(entry)` on it refreshes what can change. `view` has t, formats, chat, base. */
export function row(entry, view) {
  const { t, formats } = view;
  const status = h("span", { class: "st" });
  const time = h("time", { datetime: entry.when.toISOString(), title: formats.full.format(entry.when) });
  time.textContent = formats.hours.format(entry.when);
  const choices = buttons(entry, view);
  const who = h("span", { class: "sr" }, `${entry.mine ? t("you") : entry.name || t(entry.author === "agent" ? "agent" : "bot")}: `);
  const bubble = h("div", { class: "b" }, who, entry.parts.flatMap((part) => partNodes(part, view)));
  const fault = h("div", { class: "f" });
  const element = h("div", { class: `m ${entry.mine ? "me" : entry.author}`, "data-key": entry.key },
    entry.label && h("div", { class: "w", "aria-hidden": "true" }, entry.label), bubble, choices, h("div", { class: "t" }, time, status), fault);
  bubble.addEventListener("click", () => element.classList.toggle("on"));
  let shown = null;
  element.update = (now) => {
    choices?.settle(now.pressed);
    element.classList.toggle("last", !!now.last);
    const state = now.mine ? (now.item ? (now.item.failed ? "failed" : now.item.acked ? "sent" : "sending") : now.answered ? "read" : "sent") : "";
    if (state === shown) return;
    shown = state;
    status.replaceChildren(...tick(state, t));
    fault.replaceChildren(...(state === "failed" ? trouble(now, view) : []));
    element.classList.toggle("bad", state === "failed");
  };
  return element;
}

function tick(state, t) {
  if (!state || state === "failed") return [];
  return [icon(state === "sending" ? "wait" : state), h("span", { class: "sr" }, t(state))];
}

function trouble({ key, item }, { t, chat, edit }) {
  return [
    h("span", { role: "alert" }, `${t("failed")} ${item.failed} `),
    item.body.text && h("button", { class: "l", onclick: () => edit(item) }, t("edit")),
    h("button", { class: "l", onclick: () => chat.takeBack(key) }, t("drop")),
  ].filter(Boolean);
}

function partNodes(part, view) {
  switch (part.part) {
    case "text":
    case "edit":
      return render(part.text, part.markdown);
    case "press":
      return [h("p", {}, RATING.test(part.payload) ? "★".repeat(+RATING.exec(part.payload)[1]) : part.label || part.payload)];
    case "location": {
      const at = `${part.latitude},${part.longitude}`;
      const url = `https://www.openstreetmap.org/?mlat=${part.latitude}&mlon=${part.longitude}#map=17/${at.replace(",", "/")}`;
      const shown = link(url, part.title || view.t("map"), { class: "a" });
      shown.prepend(icon("pin"));
      return [shown];
    }
    case "media":
      return [media(part, view), ...(part.caption ? render(part.caption, false) : [])];
    default:
      return [];
  }
}

function media(part, { t, base, formats }) {
  const url = part.url && new URL(part.url, `${base}/`).href;
  if ((part.kind === "image" || part.kind === "sticker") && url) {
    const image = h("img", { src: url, alt: part.name || t("file"), loading: "lazy", decoding: "async" });
    const open = h("a", { class: "g", href: url, target: "_blank", rel: "noopener noreferrer" }, image);
    image.onerror = () => open.replaceChildren(icon("file"), part.name || t("file"));
    return open;
  }
  const words = [icon("file"), h("span", {}, part.name || t("file"), h("small", {}, formats.size(part.size)))];
  if (!url) return h("span", { class: "a" }, words);
  return h("a", { class: "a", href: url, target: "_blank", rel: "noopener noreferrer", download: part.name || true }, words);
}

function buttons(entry, view) {
  const list = (entry.buttons || []).filter((button) => button.payload || /^https?:/i.test(button.url));
  if (!list.length) return null;
  const stars = list.length > 2 && list.every((button) => RATING.test(button.payload || ""));
  const press = (button) => view.chat.say({ press: { payload: button.payload, label: button.label, target: String(entry.id) } });
  const made = list.map((button) => (button.url ? outside(button) : choice(button, stars, view, press)));
  const holder = h("div", { class: stars ? "q r" : "q", role: "group", "aria-label": stars ? view.t("rate") : view.t("answers") }, apart(made, list.findIndex((button) => VOTE.test(button.payload || ""))));
  holder.settle = (pressed) => {
    const chosen = list.findIndex((button) => button.payload === pressed);
    made.forEach((element, at) => {
      if (element.tagName !== "BUTTON") return;
      element.disabled = pressed !== undefined && !VOTE.test(pressed) && !VOTE.test(list[at].payload || "");
      element.classList.toggle("on", pressed !== undefined && (stars ? at <= chosen : at === chosen));
    });
  };
  return holder;
}

/** The buttons from number `at` on in a line of their own, where something stands before them. */
function apart(made, at) {
  return at > 0 ? [...made.slice(0, at), h("i", { class: "br" }), ...made.slice(at)] : made;
}

function outside(button) {
  const opened = link(button.url, button.label, { class: "c" });
  opened?.append(icon("out"));
  return opened;
}

function choice(button, stars, { t }, press) {
  const value = stars && RATING.exec(button.payload)[1];
  return h("button", { class: VOTE.test(button.payload) ? "c v" : "c", type: "button", "aria-label": stars ? t("stars", value) : null, onclick: () => press(button) },
    stars ? icon("star") : button.label);
}
