// The composer: grows, sends with Enter, opens templates with "/" and the knowledge base with "?",
// keeps what was begun through reloads, and looks different when only colleagues will read it.
"use strict";

(() => {
  const { $, words, openId, askedAt } = frontdesk.desk;
  const body = document.body;
  const BLANK = /\{\{[^}]*\}\}/;
  const form = () => $("composer");
  const text = () => $("text");
  let files = [];
  const attached = new Map(); // files chosen in conversations that were left, by the conversation
  let savedAs = "";
  let saving = null;
  let typedAt = 0;
  let sending = false;
  let again = "";
  let picked = "";

  const mode = () => form().elements.mode.value;
  const grow = () => {
    const area = text();
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 320)}px`;
  };
  const setMode = (name) => {
    if (!form()) return;
    form().elements.mode.value = name;
    showMode();
    keep();
    text().focus();
  };
  const showMode = () => {
    const note = mode() === "note";
    form().classList.toggle("is-note", note);
    text().placeholder = note ? text().dataset.noteHint : text().dataset.replyHint;
    closeChoices();
    showState();
  };
  const showState = () => {
    if (!form()) return;
    const blocked = $("composer-state")?.dataset.write === "no" && mode() === "reply";
    form().querySelector(".send").disabled = blocked;
    $("attach").disabled = blocked;
  };

  // --- drafts: in this browser at once, on the server a moment later -------------------------
  // What the server has answered for is looked up there: another screen may have sent or changed it since. Nobody
  // else who signs in at this machine finds it.
  const localKey = (id) => `desk:draft:${$("main").dataset.staff}:${id}`;
  // The name of these very words: sent once more because the answer was lost, they are said once.
  const rename = () => {
    form().elements.key.value = [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
  };
  const keep = () => {
    const id = openId();
    if (!id || !form()) return;
    rename();
    const { template, article, key } = form().elements;
    const draft = { text: text().value, note: mode() === "note", template: template.value, article: article.value, key: key.value, picked };
    if (draft.text) localStorage.setItem(localKey(id), JSON.stringify(draft));
    else localStorage.removeItem(localKey(id));
    clearTimeout(saving);
    saving = setTimeout(save, 600);
  };
  const save = () => {
    clearTimeout(saving);
    saving = null;
    const id = openId();
    if (!id || !form()) return;
    const draft = new URLSearchParams({ text: text().value, note: mode() === "note" ? "1" : "" });
    if (`${id}?${draft}` === savedAs) return;
    savedAs = `${id}?${draft}`;
    const headers = { "x-csrftoken": body.dataset.csrf };
    const saved = text().value;
    fetch(`/desk/${id}/draft`, { method: "POST", body: draft, headers, keepalive: true })
      .then((answer) => { if (answer.ok) markSaved(id, saved); else savedAs = ""; })
      .catch(() => { savedAs = ""; });
  };
  const markSaved = (id, words) => {
    const draft = draftOf(id);
    if (draft?.text === words) localStorage.setItem(localKey(id), JSON.stringify({ ...draft, saved: Date.now() }));
  };
  // Where the words came from: it decides how they are drawn, and what counts as used. Own words came from nowhere.
  const cameFrom = (template, article, words) => {
    form().elements.template.value = template;
    form().elements.article.value = article;
    picked = words;
  };
  const isStillPicked = () => (picked.match(/[\p{L}\p{N}]{4,}/gu) || [picked]).some((word) => text().value.includes(word));
  const draftOf = (id) => {
    try { return JSON.parse(localStorage.getItem(localKey(id))); } catch { localStorage.removeItem(localKey(id)); return null; }
  };
  const restore = () => {
    const id = openId();
    let draft = draftOf(id);
    // Saved before this was drawn, and other words stand there by now: those are newer. Of very long ones the
    // server keeps the beginning only.
    const there = text().value;
    if (draft && draft.saved < askedAt() && !(there && draft.text.startsWith(there))) {
      localStorage.removeItem(localKey(id));
      draft = null;
    }
    if (draft) {
      text().value = draft.text;
      form().elements.mode.value = draft.note ? "note" : "reply";
      cameFrom(draft.template || "", draft.article || "", draft.picked || "");
    } else cameFrom("", "", "");
    if (draft?.key) form().elements.key.value = draft.key; else rename();
    savedAs = `${id}?${new URLSearchParams({ text: text().value, note: mode() === "note" ? "1" : "" })}`;
  };

  // --- templates and knowledge base -----------------------------------------------------------
  const box = () => $("choices-box");
  const options = () => [...(box()?.querySelectorAll("[role=option]") || [])];
  const chosen = () => options().find((one) => one.getAttribute("aria-selected") === "true");
  const opened = () => box() && !box().hidden;
  let asked = 0;
  let asking = null;
  const closeChoices = () => {
    clearTimeout(asking);
    asked += 1;
    if (!box()) return;
    box().hidden = true;
    text().removeAttribute("aria-activedescendant");
  };
  const select = (index) => {
    const all = options();
    if (!all.length) return;
    const next = all[(index + all.length) % all.length];
    for (const one of all) one.setAttribute("aria-selected", String(one === next));
    text().setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  };
  const lookUp = async (sign, query) => {
    const turn = (asked += 1);
    const kind = sign === "/" ? "templates" : "knowledge";
    const answer = await fetch(`/desk/${openId()}/${kind}?${new URLSearchParams({ q: query })}`, {
      headers: { "hx-request": "true" },
    }).catch(() => null);
    if (!answer?.ok || turn !== asked) return;
    box().innerHTML = await answer.text();
    box().hidden = false;
    $("announce").textContent = `${box().querySelector("header span").textContent}: ${options().length}`;
    select(0);
  };
  const watchSign = () => {
    const value = text().value;
    const sign = value[0];
    const known = mode() === "reply" && (sign === "/" || (sign === "?" && form().querySelector('[data-helper="?"]')));
    if (!known || value.includes("\n")) { closeChoices(); return; }
    clearTimeout(asking);
    asking = setTimeout(() => lookUp(sign, value.slice(1).trim()), opened() ? 120 : 0);
  };
  const pick = (option) => {
    const area = text();
    area.value = option.dataset.text;
    cameFrom(option.dataset.template, option.dataset.article, option.dataset.text);
    closeChoices();
    grow();
    keep();
    area.focus();
    if (!selectBlank()) area.setSelectionRange(area.value.length, area.value.length);
  };
  const selectBlank = () => {
    const found = text().value.match(BLANK);
    if (!found) return false;
    text().focus();
    text().setSelectionRange(found.index, found.index + found[0].length);
    return true;
  };

  // --- files and quotes -----------------------------------------------------------------------
  const addFiles = (list) => {
    for (const file of list) {
      if (file.size > words.limit) frontdesk.toast(words.tooLarge.replace("{name}", file.name));
      else files.push(file);
    }
    rename();
    showFiles();
  };
  const showFiles = () => {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    $("file").files = transfer.files;
    $("files").hidden = !files.length;
    $("files").replaceChildren(...files.map((file, index) => {
      const chip = document.createElement("span");
      const remove = document.createElement("button");
      remove.type = "button";
      remove.dataset.unfile = index;
      remove.textContent = "✕";
      remove.setAttribute("aria-label", words.remove.replace("{name}", file.name));
      chip.append(file.name, remove);
      return chip;
    }));
  };
  const quote = (id) => {
    form().elements.reply_to.value = id || "";
    rename();
    const said = id ? document.querySelector(`#m-${id} .words, #m-${id} .bubble`)?.textContent.trim() : "";
    $("reply-strip").hidden = !id;
    $("reply-strip").querySelector(".quoted").textContent = (said || "").slice(0, 120);
    if (id) { setMode("reply"); }
  };
  const clear = (sent) => {
    const now = text().value;
    // What was written on while the words were on their way is the next message: no words are thrown away.
    const rest = now.startsWith(sent.text) ? now.slice(sent.text.length).trimStart() : now;
    text().value = rest;
    cameFrom("", "", "");
    // A note takes neither files nor the quote along: they are still for the customer.
    if (sent.note) { if (!rest) form().elements.mode.value = "reply"; }
    else {
      files = files.filter((one) => !sent.files.includes(one));
      showFiles();
      if (form().elements.reply_to.value === sent.quoted) quote(null);
    }
    showMode();
    grow();
    if (rest) { keep(); return; }
    rename();
    localStorage.removeItem(localKey(openId()));
    savedAs = `${openId()}?${new URLSearchParams({ text: "", note: "" })}`;
    clearTimeout(saving);
  };

  // The answer to words that were sent from a conversation one has left since, and perhaps come back to.
  const arrivedElsewhere = (sent) => {
    if (openId() === sent.id && form()) { clear(sent); return; }
    if (!sent.note) attached.set(sent.id, (attached.get(sent.id) || []).filter((one) => !sent.files.includes(one)));
    if (draftOf(sent.id)?.text === sent.text) localStorage.removeItem(localKey(sent.id));
  };

  // --- events ---------------------------------------------------------------------------------
  document.addEventListener("input", (event) => {
    if (event.target !== text()) return;
    grow();
    if (picked && !isStillPicked()) cameFrom("", "", "");
    keep();
    watchSign();
    const now = Date.now();
    if (mode() === "reply" && now - typedAt > 4000 && text().value && !/^[/?]/.test(text().value)) {
      typedAt = now;
      fetch(`/desk/${openId()}/typing`, { method: "POST", headers: { "x-csrftoken": body.dataset.csrf } }).catch(() => {});
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "mode" && event.target.form === form()) { showMode(); keep(); text().focus(); }
    if (event.target === $("file")) addFiles([...event.target.files].filter((one) => !files.includes(one)));
  });
  document.addEventListener("keydown", (event) => {
    if (event.target !== text() || event.isComposing) return;
    if (opened()) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { event.preventDefault(); select(options().indexOf(chosen()) + step); return; }
      if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); closeChoices(); return; }
      if ((event.key === "Enter" || event.key === "Tab") && chosen()) { event.preventDefault(); pick(chosen()); return; }
    }
    if (event.key !== "Enter") return;
    if (event.shiftKey) return;
    event.preventDefault();
    if (event.ctrlKey || event.altKey) { text().setRangeText("\n", text().selectionStart, text().selectionEnd, "end"); grow(); keep(); return; }
    form().requestSubmit();
  }, true);
  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    const empty = !text().value.trim() && !(files.length && mode() === "reply");
    const blank = mode() === "reply" && selectBlank();
    if (blank) frontdesk.toast(words.blank, "warn");
    // Whether one may write is the server's to say: this page may be a moment behind.
    if (empty || blank || sending) { event.preventDefault(); event.stopImmediatePropagation(); }
    again = sending ? text().value : "";
  }, true);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== form()) return;
    sending = true;
    // What is on its way is no draft to save any more; this browser keeps the words until they have arrived.
    clearTimeout(saving);
    saving = null;
    const quoted = form().elements.reply_to.value;
    const sent = { form: form(), id: openId(), text: text().value, note: mode() === "note", files: [...files], quoted };
    form().sent = sent;
    // htmx tells nobody of an answer whose form has left the page.
    event.detail.xhr.addEventListener("load", ({ target }) => { if (target.status < 300 && form() !== sent.form) arrivedElsewhere(sent); });
    closeChoices();
    // Here, not when the answer comes: by then the agent may be elsewhere, and keys would fall into the words.
    text().focus();
    form().querySelector(".send").disabled = true;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form()) return;
    sending = false;
    if (event.detail.successful) {
      const finished = again && again === text().value;
      clear(form().sent);
      frontdesk.desk.toEnd();
      // Enter was pressed again before the first words had arrived.
      if (finished && text().value) form().requestSubmit();
    }
    again = "";
    showState();
  });
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("#attach")) $("file").click();
    else if (at("[data-unfile]")) { files.splice(Number(at("[data-unfile]").dataset.unfile), 1); rename(); showFiles(); }
    else if (at("[data-unreply]")) quote(null);
    else if (at("[data-reply]")) quote(at("[data-reply]").dataset.reply);
    else if (at("#choices-box [role=option]")) pick(at("[role=option]"));
    else if (at("[data-helper]")) {
      text().value = at("[data-helper]").dataset.helper;
      text().focus();
      watchSign();
    } else if (opened() && !at("#composer")) closeChoices();
  });
  document.addEventListener("paste", (event) => {
    if (event.target === text() && event.clipboardData.files.length) { event.preventDefault(); addFiles(event.clipboardData.files); }
  });
  document.addEventListener("dragover", (event) => { if (event.target.closest?.("#talk")) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (event.target.closest?.("#talk") && form()) { event.preventDefault(); addFiles(event.dataTransfer.files); }
  });
  addEventListener("pagehide", save);
  body.addEventListener("desk:leave", () => {
    if (saving) save();
    attached.set(openId(), files);
    sending = false;
  });
  body.addEventListener("desk:arrived", () => {
    files = attached.get(openId()) || [];
    if (form()) { restore(); showFiles(); showMode(); grow(); }
  });
  body.addEventListener("desk:fresh", showState);

  frontdesk.desk.setMode = setMode;
  frontdesk.desk.closeChoices = closeChoices;
  if (form()) { restore(); showMode(); grow(); }
})();
