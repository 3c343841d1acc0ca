// Editor of a section: toolbar, shortcuts, preview and autosave. Without JavaScript the form saves.
const QUIET_MS = 2000, BUSY_MS = 15_000, PREVIEW_MS = 400, RETRY_MS = 5000, MAX_SAVE_MS = 20_000;
const WRAPS = { bold: ["**", "**"], italic: ["*", "*"], code: ["`", "`"], link: ["[", "](https://)"] };
const LINES = { heading: "### ", quote: "> ", bullets: "- ", numbers: "1. ", tasks: "- [ ] " };
const KEYS = { b: "bold", i: "italic", k: "link" };
const TABLE = "| Column | Column |\n|--------|--------|\n| | |\n";

function csrf(form) {
  const name = document.querySelector("meta[name=csrf-cookie]")?.content;
  const found = name && document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return found ? found.slice(name.length + 1) : form.elements.csrfmiddlewaretoken.value;
}

function put(text, inserted, from = text.selectionStart, to = text.selectionEnd, mode = "end") {
  text.focus();
  text.setRangeText(inserted, from, to, mode);
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

function wrap(text, [before, after]) {
  const { selectionStart: from, selectionEnd: to } = text;
  const chosen = text.value.slice(from, to);
  put(text, before + chosen + after, from, to);
  if (!chosen) text.setSelectionRange(from + before.length, from + before.length);
}

function prefix(text, mark) {
  const from = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
  const lines = text.value.slice(from, text.selectionEnd).split("\n");
  put(text, lines.map((line) => (line.startsWith(mark) ? line.slice(mark.length) : mark + line)).join("\n"), from, text.selectionEnd);
}

function use(form, text, tool) {
  if (WRAPS[tool]) wrap(text, WRAPS[tool]);
  else if (LINES[tool]) prefix(text, LINES[tool]);
  else if (tool === "table") put(text, TABLE);
  else if (tool === "timeline" || tool === "chart") put(text, `\n/${tool}\n`, text.selectionEnd, text.selectionEnd);
  else if (tool === "action") {
    const chosen = text.value.slice(text.selectionStart, text.selectionEnd).replace(/\s+/g, " ").trim();
    put(text, `\n/action ${chosen || "What is to be done"}\n`, text.selectionEnd, text.selectionEnd);
  }
}

// `now` was typed on `sent`, which the server merged into `merged`: the typed change on top, in the line it was typed
// in, or null if unclear.
function typedOn(merged, sent, now) {
  let head = 0, tail = 0;
  const least = Math.min(sent.length, now.length);
  while (head < least && sent[head] === now[head]) head++;
  while (tail < least - head && sent.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const upto = sent.length - tail, end = `${sent}\n`.indexOf("\n", upto), begin = head && sent.lastIndexOf("\n", head - 1) + 1;
  const typed = now.slice(head, now.length - tail), after = sent.slice(begin);
  if (merged.startsWith(sent.slice(0, end))) return sent.slice(0, head) + typed + sent.slice(upto, end) + merged.slice(end);
  if (merged.endsWith(after)) return merged.slice(0, merged.length - after.length) + sent.slice(begin, head) + typed + sent.slice(upto);
  return now.trimEnd() === sent ? merged : null;
}

// Where in `shown` the place `at` of `now` is: before or after what others changed, else in the same line.
function placeIn(shown, now, at) {
  if (shown.startsWith(now.slice(0, at))) return at;
  if (shown.endsWith(now.slice(at))) return shown.length - now.length + at;
  const from = now.lastIndexOf("\n", at - 1) + 1, line = now.slice(from).split("\n", 1)[0];
  const found = `\n${shown}\n`.indexOf(`\n${line}\n`);
  return found < 0 ? at : found + at - from;
}

function start(form) {
  const text = form.querySelector("[data-editor-text]"), state = form.querySelector("[data-editor-state]");
  const bar = form.querySelector("[data-editor-toolbar]"), panes = form.querySelector("[data-panes]");
  const shown = form.querySelector("[data-editor-preview]");
  const base = form.elements.base_version, stored = `tocsin:section:${form.dataset.key}`;
  let saved = text.value, isSaving = false, timer = 0, lastSave = Date.now(), unsavedSince = "", client = form.elements.client_id.value;
  bar.hidden = false;
  const isDirty = () => text.value.trimEnd() !== saved.trimEnd(); // the server leaves out spaces at the end
  const say = (words, isBad = false) => {
    state.textContent = words;
    state.classList.toggle("field-error", isBad);
  };
  const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const hold = () => {
    unsavedSince ||= clock();
    try {
      localStorage.setItem(stored, JSON.stringify({ text: text.value, base: base.value, at: Date.now() }));
    } catch {} // full or forbidden: the text is still in the page
  };

  async function preview() {
    if (panes.dataset.panes === "write") return;
    const body = new URLSearchParams({ text: text.value });
    const response = await fetch(form.dataset.preview, { method: "POST", body, headers: { "X-CSRFToken": csrf(form) } }).catch(() => null);
    if (response?.ok) shown.innerHTML = await response.text(); // rendered and sanitized by the server
  }

  async function save() {
    if (isSaving || !isDirty() || /^\/(actions?|timeline|chart)\b/m.test(text.value)) return;
    isSaving = true;
    lastSave = Date.now();
    const sent = text.value;
    const body = JSON.stringify({ base_version: Number(base.value), text: sent, client_id: client });
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrf(form) };
    try {
      const signal = AbortSignal.timeout(MAX_SAVE_MS);
      const response = await fetch(form.dataset.save, { method: "PUT", body, headers, signal });
      const reply = await response.json();
      if (response.ok) accept(sent, reply);
      else refuse(response.status, reply);
    } catch {
      hold();
      say(`Not saved since ${unsavedSince}: no connection. Your text is stored in this browser.`, true);
      soon(RETRY_MS);
    } finally {
      isSaving = false;
    }
  }

  function accept(sent, reply) {
    const now = text.value, shown = typedOn(reply.text, sent.trimEnd(), now);
    // Unclear: the same save goes on from the version it began with, and the server shows both texts.
    if (shown === null) return soon();
    base.value = reply.version;
    client = form.elements.client_id.value = crypto.randomUUID?.() ?? String(Math.random());
    saved = reply.text;
    unsavedSince = "";
    if (shown !== now) {
      const places = [text.selectionStart, text.selectionEnd].map((at) => placeIn(shown, now, at));
      text.value = shown;
      text.setSelectionRange(...places);
    }
    say(`Saved ${clock()}, version ${reply.version}.${reply.merged ? ` Includes the change by ${reply.with}.` : ""}`);
    if (!isDirty()) return localStorage.removeItem(stored);
    hold();
    soon();
  }

  function refuse(status, reply) {
    hold();
    if (status === 409 && reply.code === "both_changed") say(`${reply.by} changed the same lines. Choose Save to see both texts.`, true);
    else if (status === 401 || status === 403) say(`Not saved since ${unsavedSince}: sign in again. Your text is stored in this browser.`, true);
    else say(`Not saved since ${unsavedSince}: ${reply.detail ?? "the server refused it"}`, true);
    if (status >= 500 || status === 429) soon(RETRY_MS);
  }

  function soon(wait = Date.now() - lastSave > BUSY_MS ? 0 : QUIET_MS) {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  }

  let drawn = 0;
  text.addEventListener("input", () => {
    say("Not saved yet.");
    hold();
    soon();
    clearTimeout(drawn);
    drawn = setTimeout(preview, PREVIEW_MS);
  });
  text.addEventListener("keydown", (event) => {
    const tool = (event.ctrlKey || event.metaKey) && !event.altKey && KEYS[event.key.toLowerCase()];
    if (!tool) return;
    event.preventDefault();
    event.stopPropagation();
    use(form, text, tool);
  });
  bar.addEventListener("click", ({ target }) => {
    const tool = target.closest("[data-tool]")?.dataset.tool, mode = target.closest("[data-mode]")?.dataset.mode;
    if (tool) use(form, text, tool);
    if (!mode) return;
    panes.dataset.panes = mode;
    shown.hidden = mode === "write";
    for (const one of bar.querySelectorAll("[data-mode]")) one.toggleAttribute("aria-current", one.dataset.mode === mode);
    bar.querySelector(`[data-mode=${mode}]`).setAttribute("aria-current", "true");
    preview();
  });

  addEventListener("online", () => soon(0));
  addEventListener("beforeunload", (event) => isDirty() && !form.dataset.sent && event.preventDefault());
  form.addEventListener("submit", () => localStorage.removeItem(stored));
  const held = JSON.parse(localStorage.getItem(stored) ?? "null");
  if (held && held.text !== text.value) {
    say("You have unsaved text in this browser.", true);
    const back = Object.assign(document.createElement("button"), { type: "button", className: "button button-small", textContent: "Restore" });
    back.addEventListener("click", () => {
      base.value = held.base;
      put(text, held.text, 0, text.value.length);
      back.remove();
    });
    state.after(back);
  }
}

for (const form of document.querySelectorAll("[data-editor]")) start(form);
