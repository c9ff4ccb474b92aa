// A soft sound and a notification for news that wait for me, once the reader asked for them.
"use strict";

(() => {
  const { $, words } = frontdesk.desk;
  const KEY = "desk:alerts";
  const button = $("alerts");
  let on = localStorage.getItem(KEY) === "on";
  let unread = Number($("tabs").dataset.unread || 0);
  let audio = null;

  const show = () => button.setAttribute("aria-pressed", String(on));
  show();

  const ring = (notes) => {
    try { audio ??= new AudioContext(); } catch { return; }
    notes.forEach((pitch, index) => {
      const start = audio.currentTime + index * 0.14;
      const tone = audio.createOscillator();
      const loudness = audio.createGain();
      tone.type = "sine";
      tone.frequency.value = pitch;
      loudness.gain.setValueAtTime(0.0001, start);
      loudness.gain.exponentialRampToValueAtTime(0.08, start + 0.02);
      loudness.gain.exponentialRampToValueAtTime(0.0001, start + 0.4);
      tone.connect(loudness).connect(audio.destination);
      tone.start(start);
      tone.stop(start + 0.45);
    });
  };

  button.addEventListener("click", async () => {
    on = !on;
    localStorage.setItem(KEY, on ? "on" : "off");
    show();
    if (!on) { frontdesk.toast(words.alertsOff, "info"); return; }
    ring([660, 880]);
    const allowed = "Notification" in window && (await Notification.requestPermission()) === "granted";
    frontdesk.toast(allowed ? words.alertsOn : words.alertsDenied, "info");
  });

  const tell = (text, tag, notes) => {
    if (!on) return;
    ring(notes);
    if (document.hasFocus() || !("Notification" in window) || Notification.permission !== "granted") return;
    const notice = new Notification(text, { tag, icon: document.querySelector("link[rel=icon]")?.href });
    notice.onclick = () => { window.focus(); notice.close(); };
  };

  // News of a conversation comes by its own topic as well; the desk's is enough.
  const hear = (kind, words, tag, notes) => document.body.addEventListener(`live:${kind}`, async (event) => {
    if (!on || event.detail.topic !== "desk") return;
    const answer = await fetch(`/desk/${event.detail.ids.conversation}/name`).catch(() => null);
    const name = answer?.ok ? (await answer.json()).name : "";
    tell(name ? `${words}: ${name}` : words, tag, notes);
  });
  hear("queued", words.queue, "queue", [587, 784]);
  hear("callback.due", words.call, "call", [523, 659, 784]);
  document.body.addEventListener("desk:fresh", () => {
    const state = $("tabs").dataset;
    const waiting = Number(state.unread || 0);
    if (waiting > unread) tell(words.from.replace("{name}", state.unreadName), "message", [784]);
    unread = waiting;
  });
})();
