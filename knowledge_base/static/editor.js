// The editor: unsaved words are guarded, what must be mended is brought into sight, the ask box stays at hand.
"use strict";

(() => {
  // What was done is said once: a reload or a bookmark need not say it again.
  if (new URLSearchParams(location.search).has("done")) history.replaceState(null, "", location.pathname);

  // Nothing is sent twice.
  let submitting = false;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.hasAttribute("hx-get") || form.hasAttribute("hx-post")) return;
    if (submitting) event.preventDefault();
    submitting = true;
  });
  // Back from the next page (the browser keeps this one as it was): everything can be pressed again.
  window.addEventListener("pageshow", () => { submitting = false; });

  // Words that leaving the page would lose are asked about. The measure is what the server wrote: what somebody
  // typed before this script ran, or the browser brought back, was typed too, and its preview is asked for now.
  const guarded = (form) => {
    const words = (of) => new URLSearchParams([...new FormData(of)].filter(([name]) => name !== "known" && !name.startsWith("sample."))).toString();
    const written = form.cloneNode(true);
    // Outside the page a copy counts as its own what says that it belongs to another form.
    for (const foreign of written.querySelectorAll("[form]")) foreign.remove();
    written.reset();
    const before = words(written);
    const changed = () => form.hasAttribute("data-unsaved") || words(form) !== before;
    window.addEventListener("beforeunload", (event) => {
      if (!submitting && changed()) event.preventDefault();
    });
    window.addEventListener("pageshow", () => {
      if (words(form) !== before) form.dispatchEvent(new Event("input"));
    });
    return changed;
  };

  const snippet = document.getElementById("snippet-form");
  if (snippet) guarded(snippet);

  const form = document.getElementById("article-form");
  if (form) {
    const dirty = document.getElementById("dirty");
    const changed = guarded(form);
    const mark = () => { dirty.hidden = !changed(); };
    form.addEventListener("input", mark);
    mark();
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "s") {
        event.preventDefault();
        form.requestSubmit(form.querySelector(".kb-actions button[value=save]"));
      }
    });

    // What must be mended is brought into sight.
    const fault = form.querySelector(".fault");
    if (fault) {
      const column = fault.closest("[data-language]");
      const tab = column && document.querySelector(`[name="kb-tab"][value="${column.dataset.language}"]`);
      if (tab) tab.checked = true;
      fault.scrollIntoView({ block: "center" });
    }

    // How many phrasings there are.
    const tallies = [...form.querySelectorAll("[data-count]")];
    const count = () => {
      for (const tally of tallies) {
        const lines = document.getElementById(tally.dataset.count).value.split("\n");
        tally.textContent = String(lines.filter((line) => line.trim()).length);
      }
    };
    form.addEventListener("input", count);
    count();

    // Answers grow with their words: a text one must scroll is a text one misreads.
    const grow = (area) => {
      area.style.height = "auto";
      area.style.height = `${Math.min(area.scrollHeight + 2, 480)}px`;
    };
    for (const area of form.querySelectorAll("textarea.kb-answer")) {
      area.addEventListener("input", () => grow(area));
      if (area.offsetParent) grow(area);
      area.closest("details")?.addEventListener("toggle", () => grow(area));
    }

    // Somebody else saved while this page was open.
    document.body.addEventListener("live:article", (event) => {
      const ids = event.detail.ids || {};
      if (ids.article === form.dataset.article && ids.revision > Number(form.dataset.revision)) {
        document.getElementById("newer").hidden = false;
      }
    });
  }

  // The ask box: Enter asks, Shift+Enter breaks the line; on a small screen it unfolds.
  const ask = document.getElementById("ask");
  if (ask) {
    const text = document.getElementById("ask-text");
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        text.form.requestSubmit();
      }
    });
    const toggle = ask.querySelector(".kb-ask-toggle");
    const open = (yes) => {
      ask.toggleAttribute("data-open", yes);
      toggle.setAttribute("aria-expanded", String(yes));
      if (yes) text.focus();
    };
    toggle.addEventListener("click", () => open(!ask.hasAttribute("data-open")));
    ask.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && ask.hasAttribute("data-open")) { open(false); toggle.focus(); }
    });
  }
})();
