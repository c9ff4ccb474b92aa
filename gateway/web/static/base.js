// What every staff screen shares: CSRF on each request, relative times, toasts, live hints.
"use strict";

(() => {
  const root = document.documentElement;
  const words = JSON.parse(document.getElementById("base-words")?.textContent || "{}");

  // CSRF: the server compares this header with its cookie.
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["x-csrftoken"] = document.body.dataset.csrf || "";
  });

  // Relative times in the reader's own zone and language; the exact one is in the title.
  const relative = new Intl.RelativeTimeFormat(root.lang, { numeric: "auto", style: "short" });
  const exact = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  const clock = new Intl.DateTimeFormat(root.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(root.lang, { day: "numeric", month: "short" });
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const ago = (date) => {
    const seconds = (date.getTime() - Date.now()) / 1000;
    for (const [unit, size] of units) {
      if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
    }
    return words.now || relative.format(0, "second");
  };
  // How long something has lasted: “12 min”, without “ago”.
  const lasted = (date) => {
    const seconds = Math.max(0, (Date.now() - date.getTime()) / 1000);
    const [unit, size] = units.find(([, size]) => seconds >= size) || ["minute", 60];
    const count = Math.floor(seconds / size);
    const number = new Intl.NumberFormat(root.lang, { style: "unit", unit, unitDisplay: "short" }).format(Math.max(count, 1));
    return count ? number : `< ${number}`;
  };
  const isToday = (date) => date.toDateString() === new Date().toDateString();
  const forms = {
    clock: (date) => clock.format(date),
    exact: (date) => exact.format(date),
    date: (date) => day.format(date),
    short: (date) => (isToday(date) ? clock : day).format(date),
    since: lasted,
    ago,
  };
  const refreshTimes = (scope) => {
    for (const element of scope.querySelectorAll("time[datetime]")) {
      const date = new Date(element.dateTime);
      if (Number.isNaN(date.getTime())) continue;
      element.title = exact.format(date);
      const text = (forms[element.dataset.show] || ago)(date);
      if (element.textContent !== text) element.textContent = text;
    }
  };
  refreshTimes(document);
  setInterval(() => refreshTimes(document), 30000);
  document.addEventListener("htmx:load", (event) => refreshTimes(event.target.parentNode || document));

  // Toasts: errors of any request, and `toast` events that a response triggers.
  const toast = (text, kind = "bad") => {
    const holder = document.getElementById("toasts");
    if (!holder || !text || [...holder.children].some((one) => one.textContent === text)) return;
    const box = document.createElement("div");
    box.className = `notice ${kind}`;
    box.setAttribute("role", kind === "bad" ? "alert" : "status");
    box.textContent = text;
    holder.append(box);
    setTimeout(() => box.remove(), 7000);
  };
  document.addEventListener("htmx:responseError", (event) => {
    const type = event.detail.xhr.getResponseHeader("content-type") || "";
    if (event.detail.xhr.status === 401) { location.reload(); return; }
    let text = words.failed;
    if (type.includes("json")) {
      try { text = JSON.parse(event.detail.xhr.responseText).detail || text; } catch { /* keep ours */ }
    } else if (type.includes("text/plain")) text = event.detail.xhr.responseText;
    toast(text);
  });
  for (const broken of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(broken, () => toast(words.offline));
  document.addEventListener("toast", (event) => toast(event.detail.value || event.detail.text, event.detail.kind || "good"));

  // Live hints: the server says what changed, the page's parts ask for themselves again.
  // A part listens with hx-trigger="live:message from:body"; after a gap everything hears live:resync.
  let source = null;
  let wasLost = false;
  const lost = (yes) => {
    const banner = document.getElementById("lost");
    if (banner) banner.hidden = !yes;
  };
  const listen = (topics) => {
    source?.close();
    source = new EventSource(`/live?topics=${encodeURIComponent(topics)}`);
    source.onopen = () => {
      lost(false);
      // Hints sent before the line was up are lost: whoever cannot wait for the next one asks now.
      document.body.dispatchEvent(new CustomEvent("live:open"));
      if (wasLost) { wasLost = false; document.body.dispatchEvent(new CustomEvent("live:resync")); }
    };
    const line = source;
    source.onerror = () => {
      wasLost = true;
      lost(true);
      // A browser tries again after a broken line, but gives up on an answer such as 502 or 401.
      if (line.readyState === EventSource.CLOSED) setTimeout(() => { if (line === source) listen(topics); }, 3000);
    };
    source.onmessage = (event) => {
      if (!event.data) return;
      const change = JSON.parse(event.data);
      document.body.dispatchEvent(new CustomEvent(`live:${change.kind}`, { detail: change }));
      // The same once more by topic (`live:conversation:7`): triggers cannot look into the detail.
      document.body.dispatchEvent(new CustomEvent(`live:${change.topic}`, { detail: change }));
    };
  };
  window.frontdesk = { listen, toast, refreshTimes };
  if (document.body.dataset.live) listen(document.body.dataset.live);
})();
