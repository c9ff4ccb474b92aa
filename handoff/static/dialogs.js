// The sheets that ask before something is done: closing, transferring, calls, keys.
"use strict";

(() => {
  const { $, openId, ask, refreshAll } = frontdesk.desk;
  const dialog = $("dialog");
  const showDialog = async (name) => {
    const id = openId();
    if (name !== "keys" && !id) return;
    await ask("GET", name === "keys" ? "/desk/keys" : `/desk/${id}/dialog/${name}`, { target: dialog, swap: "innerHTML" });
    // A sheet about somebody who was left meanwhile would be taken for one about whoever is in the pane now.
    if (name !== "keys" && openId() !== id) { dialog.close(); dialog.replaceChildren(); }
    if (!dialog.firstElementChild) return;
    if (!dialog.open) dialog.showModal();
    (dialog.querySelector("[autofocus]") || dialog.querySelector("input, select, textarea, button"))?.focus();
  };
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.replaceChildren();
    // The button that opened it may be gone: what was asked has been done.
    if (document.activeElement === document.body) $("scroll")?.focus({ preventScroll: true });
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful, requestConfig } = event.detail;
    // What a sheet only looks up does not end it.
    if (!elt?.closest?.("#dialog form") || !successful || requestConfig.verb !== "post") return;
    dialog.close();
    dialog.replaceChildren(); // at once: a second press that waits for the first answer goes with its button
  });
  document.addEventListener("htmx:responseError", (event) => {
    const fault = event.detail.elt?.closest?.("#dialog form")?.querySelector(".fault");
    if (fault) {
      try { fault.textContent = JSON.parse(event.detail.xhr.responseText).detail; } catch { fault.textContent = ""; }
      fault.hidden = !fault.textContent;
    } else if (event.detail.xhr.status === 409) refreshAll();
  });

  frontdesk.desk.showDialog = showDialog;
})();
