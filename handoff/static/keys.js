// One-key commands, while no field has the focus.
"use strict";

(() => {
  const desk = frontdesk.desk;
  const rows = () => [...document.querySelectorAll(".row")];
  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const from = all.findIndex((row) => row === document.activeElement);
    const current = from >= 0 ? from : all.findIndex((row) => row.hasAttribute("aria-current"));
    const next = all[Math.min(all.length - 1, Math.max(0, current + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  // What is pressed right after opening somebody is meant for them, not for whoever is still in the pane.
  const once = (act) => desk.coming().then(act);
  const act = (name) => once(() => document.querySelector(`#talk-head [data-action="${name}"]`)?.click());
  const commands = {
    KeyJ: () => move(1),
    KeyK: () => move(-1),
    KeyR: () => once(() => desk.setMode("reply")),
    KeyN: () => once(() => desk.setMode("note")),
    KeyC: () => act("claim"),
    KeyT: () => act("transfer"),
    KeyB: () => act("callback"),
    KeyE: () => act("close"),
  };
  const inField = (element) => element.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], dialog");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") { escape(event); return; }
    if (inField(event.target)) return;
    if (event.key === "?") { event.preventDefault(); desk.showDialog("keys"); return; }
    if (event.key === "/") { event.preventDefault(); document.getElementById("search").focus(); return; }
    // By place, not by letter: the keys work in a Ukrainian or Russian layout too.
    const command = commands[event.code];
    if (command) { event.preventDefault(); command(); }
  });

  const escape = (event) => {
    if (document.getElementById("dialog").open) return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    else if (document.getElementById("main").classList.contains("with-context")) desk.showContext(false);
    else if (event.target.id === "search" && event.target.value) return;
    else if (inField(event.target)) event.target.blur();
    else if (desk.phone.matches) desk.showPane("list");
  };

  // Whose button went with what was redrawn (claimed, closed) stays in that pane: a keyboard or a screen reader
  // goes on from there, not from the top of the page.
  const places = { rows: "rows", talk: "scroll" };
  let left = null;
  document.addEventListener("htmx:beforeSwap", () => { left = document.activeElement?.closest("#rows, #talk")?.id || left; });
  document.addEventListener("htmx:afterSettle", () => {
    if (left && document.activeElement === document.body) desk.$(places[left])?.focus({ preventScroll: true });
    left = null;
  });
})();
