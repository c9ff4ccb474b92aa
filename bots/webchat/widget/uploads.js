// Files on their way up: checked before, shown with progress, cancellable; said as a message when they are there.
import { h, icon } from "./dom.js";

const MB = 1048576;

export class Uploads {
  _view;

  constructor(view) {
    this._view = view;
    this.element = h("div", { class: "ups" });
  }

  /** Start sending each of `files` (a FileList or an array). */
  add(files) {
    for (const file of files) this._start(file);
  }

  _start(file) {
    const { chat, t, formats } = this._view;
    const { uploadLimit, uploadTypes } = chat.config;
    const bar = h("progress", { max: "1", value: "0", "aria-label": file.name });
    const stop = h("button", { class: "x", type: "button", "aria-label": `${t("cancel")}: ${file.name}` }, icon("close"));
    const note = h("small", {}, formats.size(file.size));
    const chip = h("div", { class: "up" }, icon("file"), h("span", { class: "n" }, file.name), note, bar, stop);
    const fail = (words) => {
      bar.remove();
      chip.classList.add("bad");
      note.setAttribute("role", "alert");
      note.textContent = words;
    };
    stop.onclick = () => chip.remove();
    this.element.append(chip);
    if (file.size > uploadLimit) return fail(t("big", Math.floor(uploadLimit / MB)));
    if (!taken(file.type, uploadTypes)) return fail(t("type"));
    this._send(file, { bar, stop, chip, fail });
  }

  async _send(file, { bar, stop, chip, fail }) {
    const { chat, t } = this._view;
    try {
      await chat.ensureToken();
    } catch {
      return fail(t("broke"));
    }
    if (!chip.isConnected) return;
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file);
    stop.onclick = () => {
      request.abort();
      chip.remove();
    };
    request.upload.onprogress = (event) => event.lengthComputable && (bar.value = event.loaded / event.total);
    request.onerror = () => fail(t("broke"));
    request.onload = () => {
      if (request.status === 413) return fail(t("big", Math.floor(chat.config.uploadLimit / MB)));
      if (request.status === 415) return fail(t("type"));
      if (request.status !== 201) return fail(t("broke"));
      chip.remove();
      const stored = JSON.parse(request.response);
      chat.say({ files: [stored.id] }, [{ part: "media", ...stored }]);
    };
    request.open("POST", chat.url("files"));
    request.setRequestHeader("authorization", `Bearer ${chat.token()}`);
    request.send(form);
  }
}

/** The gateway looks at the bytes; this only spares an upload that would be refused for its stated type. */
function taken(type, allowed) {
  return !type || allowed.some((one) => one === type || (one.endsWith("/*") && type.startsWith(one.slice(0, -1))));
}
