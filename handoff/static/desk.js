// The desk's panes: open a conversation, keep lists and transcript fresh, remember where the reader is.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const desk = $("main");
  const words = JSON.parse($("desk-words").textContent);
  const body = document.body;

  // An open <details> is the reader's choice; a fresh copy from the server must not shut it.
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) =>
    !(name === "open" && element.localName === "details");

  const PATIENCE = 20000;
  const RETRY = 3000;

  const openId = () => Number($("talk").dataset.conversation) || null;
  const list = () => desk.dataset.list;
  const query = () => $("search").value.trim();
  const listQuery = () =>
    new URLSearchParams({ list: list(), q: query(), shown: $("rows").dataset.shown, reach: $("rows").dataset.reach, open: openId() || "" }).toString();

  // Each request has a source of its own: of two from one element htmx would drop the first. Says whether it went well.
  const ask = async (verb, url, more = {}) => {
    const source = document.createElement("i");
    source.hidden = true;
    body.append(source);
    let well = false;
    source.addEventListener("htmx:afterRequest", (event) => { well = event.detail.successful; });
    try { await htmx.ajax(verb, url, { source, target: body, swap: "none", ...more }); } finally { source.remove(); }
    return well;
  };
  const get = (url) => ask("GET", url);
  const post = (url, values = {}) => ask("POST", url, { values });

  // Of conversations the one asked for last counts; until it has come, another one stands in the pane.
  let wanted = openId();
  let coming = Promise.resolve();
  let askedAt = performance.timeOrigin;

  // What was asked of a list or conversation that was left meanwhile must not overwrite the new one: the next
  // words would be said to somebody else.
  const isLate = (path, asked) => {
    if (path === "/desk/list") return asked.get("list") !== list() || asked.get("q") !== query();
    const [, id, fresh] = path.match(/^\/desk\/(\d+)(\/fresh)?$/) || [];
    return Boolean(id) && Number(id) !== (fresh ? openId() : wanted);
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    const [path, asked = ""] = event.detail.pathInfo.requestPath.split("?");
    if (isLate(path, new URLSearchParams(asked))) event.preventDefault();
    else if (event.detail.shouldSwap && /^\/desk\/\d+$/.test(path)) body.dispatchEvent(new CustomEvent("desk:leave"));
  });

  // A language asked for in the address holds for the parts as well as for the page.
  const language = new URLSearchParams(location.search).get("lang");
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") return;
    if (language) event.detail.parameters.set("lang", language);
    event.detail.timeout = PATIENCE; // an answer that never comes must not hold up those after it
  });

  // --- refreshing: at once, then not more often than `gap`; what did not come is asked for again ----
  const refresher = (load, gap) => {
    let timer = null;
    let running = false;
    let again = false;
    const run = async () => {
      timer = null;
      if (running) { again = true; return; }
      running = true;
      again = false;
      const came = await load().catch(() => false); // the banner and the toast tell
      running = false;
      again ||= !came && $("lost").hidden; // a line that is up again asks by itself
      timer = setTimeout(() => { timer = null; if (again) run(); }, came ? gap : RETRY);
    };
    return () => { if (timer || running) again = true; else run(); };
  };
  let wantContext = false;
  const refreshList = refresher(() => get(`/desk/list?${listQuery()}`), 300);
  const refreshTalk = refresher(() => {
    const id = openId();
    if (!id) return Promise.resolve(true);
    const url = `/desk/${id}/fresh?first=${$("transcript").dataset.first}&new=${$("transcript").dataset.new}${wantContext ? "&context=1" : ""}`;
    wantContext = false;
    return get(url);
  }, 120);
  const refreshAll = () => { wantContext = true; refreshTalk(); refreshList(); };

  // --- panes ----------------------------------------------------------------------------------
  const narrow = matchMedia("(max-width: 1240px)");
  const phone = matchMedia("(max-width: 760px)");
  const showContext = (yes) => {
    desk.classList.toggle("with-context", yes);
    $("context-toggle")?.setAttribute("aria-expanded", String(yes));
    if (yes && narrow.matches) $("context").querySelector("[data-pane-to]")?.focus();
  };
  const showPane = (pane) => {
    if (pane === "list") {
      desk.dataset.pane = "list";
      showContext(false);
      (document.querySelector(".row[aria-current]") || $("rows")).focus({ preventScroll: true });
      if (phone.matches) history.pushState({ open: null }, "", `/desk?list=${list()}`);
    } else { showContext(false); $("context-toggle")?.focus(); markRead(); }
  };

  const markCurrent = (id) => {
    for (const row of document.querySelectorAll(".row")) {
      if (Number(row.dataset.open) === id) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  };

  const watch = () => {
    const id = openId();
    const topics = ["desk", `staff:${desk.dataset.staff}`, ...(id ? [`conversation:${id}`] : [])];
    frontdesk.listen(topics.join(","));
  };

  const open = async (id, { push = true, focus = true } = {}) => {
    wanted = id;
    askedAt = Date.now();
    markCurrent(id);
    coming = get(`/desk/${id}?list=${list()}`).catch(() => {});
    await coming;
    if (wanted !== id) return;
    // It did not come: whom one would write to is still the one before.
    if (openId() !== id) { wanted = openId(); markCurrent(wanted); return; }
    desk.dataset.pane = "talk";
    showContext(false);
    if (push) history.pushState({ open: id }, "", `/desk/${id}?list=${list()}`);
    arrived();
    if (focus) (phone.matches ? $("scroll") : $("text") || $("scroll")).focus({ preventScroll: true });
  };

  const fromTheTop = () => { $("rows").dataset.shown = 60; $("rows").dataset.reach = ""; };
  const showList = (name) => {
    desk.dataset.list = name;
    $("search").form.elements.list.value = name;
    fromTheTop();
    for (const tab of document.querySelectorAll(".tabs a")) {
      if (tab.dataset.list === name) tab.setAttribute("aria-current", "page"); else tab.removeAttribute("aria-current");
    }
    $("rows").scrollTop = 0;
    history.replaceState(history.state, "", openId() ? `/desk/${openId()}?list=${name}` : `/desk?list=${name}`);
    return get(`/desk/list?${listQuery()}`);
  };

  // --- where the reader is --------------------------------------------------------------------
  const scroller = () => $("scroll");
  const atEnd = () => { const s = scroller(); return !s || s.scrollHeight - s.scrollTop - s.clientHeight < 80; };
  const toEnd = () => { const s = scroller(); if (s) s.scrollTop = s.scrollHeight; };
  let stick = true;
  let seenInbound = 0;
  let seenIn = null;
  let lastRead = "";
  let watcher = null;

  const arrived = () => {
    const mark = $("new-line");
    seenInbound = Number($("transcript")?.dataset.inbound || 0);
    seenIn = openId();
    lastRead = "";
    if (mark && mark.offsetTop < scroller().scrollHeight - scroller().clientHeight) mark.scrollIntoView({ block: "start" });
    else toEnd();
    stick = atEnd();
    watch();
    watchOlder();
    markRead();
    title();
    body.dispatchEvent(new CustomEvent("desk:arrived"));
  };

  const inSight = () => !phone.matches || (desk.dataset.pane === "talk" && !desk.classList.contains("with-context")); // else behind another pane
  const markRead = () => {
    const id = openId();
    if (!id || document.hidden || !document.hasFocus() || !$("transcript") || !inSight()) return;
    const last = $("transcript").dataset.last;
    const row = document.querySelector(`.row.unread[data-open="${id}"]`);
    if (lastRead === `${id}:${last}` && !row) return;
    lastRead = `${id}:${last}`;
    post(`/desk/${id}/read`, { seq: last });
  };

  const watchOlder = () => {
    watcher?.disconnect();
    const button = $("older");
    if (!button) return;
    watcher = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) loadOlder();
    }, { root: scroller(), rootMargin: "200px 0px 0px 0px" });
    watcher.observe(button);
  };
  const loadOlder = async () => {
    const s = scroller();
    watcher?.disconnect();
    const fromEnd = s.scrollHeight - s.scrollTop;
    stick = false;
    await get(`/desk/${openId()}/fresh?first=${$("transcript").dataset.first}&new=${$("transcript").dataset.new}&older=1`);
    s.scrollTop = s.scrollHeight - fromEnd;
    watchOlder();
  };

  const announce = () => {
    const transcript = $("transcript");
    const inbound = Number(transcript?.dataset.inbound || 0);
    if (seenIn !== openId() || inbound <= seenInbound) return;
    seenInbound = inbound;
    setTyping(false);
    const said = [...transcript.querySelectorAll(".said.contact .words")].pop()?.textContent || "";
    $("announce").textContent = `${words.message}: ${said.slice(0, 200)}`;
  };

  // --- typing ---------------------------------------------------------------------------------
  let typingTimer = null;
  const setTyping = (yes) => {
    clearTimeout(typingTimer);
    $("typing")?.classList.toggle("on", yes);
    if (yes) { typingTimer = setTimeout(() => setTyping(false), 6000); if (stick) toEnd(); }
  };

  const title = () => {
    const unread = Number($("tabs").dataset.unread || 0);
    document.title = `${unread ? `(${unread}) ` : ""}${document.title.replace(/^\(\d+\) /, "")}`;
  };

  // --- hints from the server ------------------------------------------------------------------
  let watched = null;
  body.addEventListener("live:desk", refreshList);
  const onTalk = (event) => {
    const { kind, ids } = event.detail;
    if (kind === "typing") { if (!ids.agent) setTyping(true); return; }
    if (kind !== "message" && kind !== "delivery") wantContext = true;
    refreshTalk();
  };
  const rewatch = () => {
    const topic = openId() ? `live:conversation:${openId()}` : null;
    if (topic === watched) return;
    if (watched) body.removeEventListener(watched, onTalk);
    watched = topic;
    if (topic) body.addEventListener(topic, onTalk);
  };
  body.addEventListener("desk:arrived", rewatch);
  // Whatever happened between drawing the page and the line being up is asked for now.
  body.addEventListener("live:open", refreshAll);

  // --- after each swap ------------------------------------------------------------------------
  document.addEventListener("htmx:beforeSwap", () => { if (scroller()) stick = atEnd(); });
  document.addEventListener("htmx:afterSettle", () => {
    frontdesk.refreshTimes(document);
    body.dispatchEvent(new CustomEvent("desk:fresh"));
  });
  const afterRequest = (event) => {
    if (event.detail.successful) {
      frontdesk.refreshTimes(document);
      if (stick) toEnd();
      announce();
      title();
      if (!watcher || ($("older") && !$("older").dataset.watched)) watchOlder();
      body.dispatchEvent(new CustomEvent("desk:fresh"));
      const { verb, path } = event.detail.requestConfig;
      if (path.endsWith("/read")) refreshList();
      else if (verb === "post") refreshAll();
      else markRead();
    }
  };
  document.addEventListener("htmx:afterRequest", afterRequest);

  // --- clicks ---------------------------------------------------------------------------------
  const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);
  document.addEventListener("click", async (event) => {
    const at = (selector) => event.target.closest(selector);
    const menu = document.querySelector("details.menu[open]");
    if (menu && (!at("details.menu") || at(".menu-list button"))) menu.open = false;
    const row = at("a[data-open]");
    if (row && plain(event)) { event.preventDefault(); open(Number(row.dataset.open)); return; }
    const tab = at("a[data-list]");
    if (tab && plain(event)) { event.preventDefault(); showList(tab.dataset.list); return; }
    const acting = at("button[data-post]");
    if (acting) {
      const deed = acting.dataset.post; // by the answer, the button may have become another one
      const held = document.activeElement === acting;
      acting.disabled = true;
      const done = await post(deed).catch(() => false);
      acting.disabled = false;
      if (held && document.activeElement === body) (acting.isConnected ? acting : $("scroll"))?.focus({ preventScroll: true });
      // What was claimed has left the queue: the list follows it, so that it stays in sight.
      if (done && deed.endsWith("/claim") && desk.dataset.list === "queue") showList("mine");
      return;
    }
    const asking = at("button[data-dialog]");
    if (asking) { frontdesk.desk.showDialog(asking.dataset.dialog); return; }
    const copied = at("button[data-copy]");
    if (copied) {
      await navigator.clipboard.writeText(copied.dataset.copy);
      copied.classList.add("done");
      $("announce").textContent = words.copied;
      setTimeout(() => copied.classList.remove("done"), 1500);
      return;
    }
    const jump = at("a[data-jump]");
    if (jump) { event.preventDefault(); $(jump.dataset.jump)?.scrollIntoView({ block: "center" }); return; }
    if (at("#older button")) loadOlder();
    else if (at("#show-more")) { $("rows").dataset.shown = Number($("rows").dataset.shown) + 120; get(`/desk/list?${listQuery()}`); }
    else if (at("#look-further")) { $("rows").dataset.reach = at("#look-further").dataset.reach; get(`/desk/list?${listQuery()}`); }
    else if (at("#to-end")) { toEnd(); stick = true; }
    else if (at("#context-toggle")) showContext(!desk.classList.contains("with-context"));
    else if (at("[data-pane-to]")) showPane(at("[data-pane-to]").dataset.paneTo);
  });

  let searching = null;
  $("search").addEventListener("input", () => {
    clearTimeout(searching);
    fromTheTop();
    searching = setTimeout(() => get(`/desk/list?${listQuery()}`), 200);
  });
  $("search").form.addEventListener("submit", (event) => { event.preventDefault(); get(`/desk/list?${listQuery()}`); });

  // A picture that arrives late makes the transcript taller; that is not the reader scrolling up.
  let tall = 0;
  const grown = new ResizeObserver(() => { if (stick) toEnd(); tall = scroller()?.scrollHeight || 0; });
  body.addEventListener("desk:arrived", () => { grown.disconnect(); if ($("transcript")) grown.observe($("transcript")); });
  document.addEventListener("scroll", (event) => {
    if (event.target !== scroller() || scroller().scrollHeight !== tall) return;
    stick = atEnd();
    const button = $("to-end");
    if (button) button.hidden = stick;
  }, true);
  new ResizeObserver(() => { if (stick) toEnd(); }).observe(body);
  window.visualViewport?.addEventListener("resize", () => {
    // On phones the keyboard shrinks the view; the composer must stay above it.
    body.style.height = phone.matches ? `${visualViewport.height}px` : "";
    if (stick) toEnd();
  });

  addEventListener("popstate", (event) => {
    const id = event.state?.open || Number(location.pathname.split("/")[2]) || null;
    if (id && id !== openId()) open(id, { push: false });
    else { desk.dataset.pane = id ? "talk" : "list"; markRead(); }
  });
  document.addEventListener("visibilitychange", markRead);
  addEventListener("focus", markRead);

  const here = () => fetch("/desk/here", { method: "POST", headers: { "x-csrftoken": body.dataset.csrf } }).catch(() => {});
  here();
  // Waiting grows too long, calls fall due and days end without any news.
  setInterval(() => { here(); if ($("lost").hidden) refreshAll(); }, 30000);

  frontdesk.desk = { $, words, openId, open, coming: () => coming, askedAt: () => askedAt, showList, showPane, showContext, post, get, ask, refreshAll, toEnd, phone, narrow };
  history.replaceState({ open: openId() }, "");
  if (openId()) arrived(); else { watch(); title(); }
})();
