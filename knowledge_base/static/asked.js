// What customers asked: nothing is sent twice, and what needs an article says so before it is sent.
"use strict";

(() => {
  if (new URLSearchParams(location.search).has("did")) {
    const kept = new URLSearchParams(location.search);
    for (const name of ["did", "article", "added", "elsewhere"]) kept.delete(name);
    history.replaceState(null, "", `${location.pathname}${kept.size ? `?${kept}` : ""}`);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest('.asked-group button[value="add"], .asked-group button[value="label"]');
    const group = event.target.closest(".asked-group");
    const choice = group?.querySelector('select[name="article"]');
    if (choice) choice.required = Boolean(button);
  });
  let submitting = false;
  document.addEventListener("submit", (event) => {
    if (submitting) event.preventDefault();
    submitting = true;
  });
  window.addEventListener("pageshow", () => { submitting = false; });
})();
