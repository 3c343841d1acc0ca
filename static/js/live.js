// One stream says what changed; panels then fetch themselves. Green: live. Amber: 10 s of silence. Red: 30 s, polling.
const LATE = 10_000, AWAY = 30_000, POLL = 10_000;
const WORDS = { live: "Live", late: "Reconnecting", away: "Not live, checking every 10 s", off: "Connecting" };
const panels = () => [...document.querySelectorAll("[data-panel]")];
const waiting = new Set();
const opened = Date.now();
let source, heard = 0, pause = 1000, polled = 0, lost = false;

function topics() {
  const found = [...new Set(panels().flatMap((p) => p.dataset.panel.split(",")).filter(Boolean))].sort();
  // Every page shows what does not work; a page with nothing else to hear holds no connection for it.
  return found.some((topic) => topic !== "troubles") ? found.join(",") : "";
}

function refreshAll() {
  for (const panel of panels()) window.htmx.trigger(panel, "tocsin:panel");
}

function hear(topic) {
  if (topic === "refresh") return refreshAll();
  document.body.dispatchEvent(new CustomEvent(`tocsin:${topic}`));
}

function alive() {
  heard = Date.now();
  pause = 1000;
  show();
}

function connect() {
  const wanted = topics();
  if (!wanted) return;
  source = new EventSource(`/live?topics=${encodeURIComponent(wanted)}`);
  source.addEventListener("beat", alive);
  source.addEventListener("signal", (event) => {
    alive();
    for (const topic of JSON.parse(event.data).topics) hear(topic);
  });
  source.onopen = () => {
    alive();
    if (lost) refreshAll(); // what happened while nobody listened
    lost = false;
  };
  source.onerror = () => {
    lost = true;
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(connect, pause + Math.random() * 500);
    pause = Math.min(pause * 2, 15_000);
  };
}

function show() {
  const silence = Date.now() - (heard || opened);
  const state = silence > AWAY ? "away" : silence > LATE ? "late" : heard ? "live" : "off";
  for (const dot of document.querySelectorAll("[data-live-dot]")) {
    if (dot.dataset.state === state) continue;
    dot.dataset.state = state;
    dot.querySelector("[data-live-words]").textContent = WORDS[state];
  }
  if (state === "away" && Date.now() - polled > POLL) {
    polled = Date.now();
    refreshAll();
  }
}

// A panel in use is left alone until the person is done: typing, an open menu, a form with words in it.
function isBusy(panel) {
  const focused = document.activeElement;
  if (panel.contains(focused) && focused.matches("input:not([type=hidden], [type=checkbox], [type=radio]), textarea, select")) return true;
  if (panel.querySelector("details[open], dialog[open]")) return true;
  return [...panel.querySelectorAll("textarea, input[type=text]")].some((field) => field.value !== field.defaultValue);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const panel = event.detail.target;
  if (!panel.matches?.("[data-panel]") || event.detail.requestConfig.elt !== panel) return;
  const etag = event.detail.xhr.getResponseHeader("ETag");
  if (isBusy(panel)) {
    waiting.add(panel);
    event.detail.shouldSwap = false;
  } else if (etag && etag === panel.dataset.etag) {
    event.detail.shouldSwap = false;
  } else if (event.detail.shouldSwap) {
    panel.dataset.etag = etag ?? "";
    rememberRows(panel);
  }
});

let rows = new Set(), focusId = "";
function rememberRows(panel) {
  rows = new Set([...panel.querySelectorAll("[data-row]")].map((row) => row.id));
  const focused = panel.contains(document.activeElement) ? document.activeElement : null;
  focusId = focused ? (focused.getAttribute("href") ?? focused.getAttribute("aria-label") ?? "") : "";
}

document.addEventListener("htmx:afterSwap", (event) => {
  const panel = event.detail.target;
  if (!panel.matches?.("[data-panel]")) return;
  for (const row of panel.querySelectorAll("[data-row]")) if (!rows.has(row.id)) row.classList.add("fresh");
  if (focusId) {
    const same = [...panel.querySelectorAll("a, button")].find(
      (one) => one.getAttribute("href") === focusId || one.getAttribute("aria-label") === focusId,
    );
    same?.focus({ preventScroll: true });
  }
  count();
});

function count() {
  const number = document.querySelector("[data-count]")?.dataset.count;
  const title = document.querySelector("[data-title]")?.dataset.title;
  if (title) document.title = Number(number) ? `(${number}) ${title}` : title;
}

document.addEventListener("focusout", () => setTimeout(() => {
  for (const panel of waiting) {
    if (isBusy(panel)) continue;
    waiting.delete(panel);
    window.htmx.trigger(panel, "tocsin:panel");
  }
}, 100));

addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => { if (event.persisted) { connect(); refreshAll(); } });
addEventListener("offline", () => { heard = Date.now() - LATE - 1; show(); });
count();
if (panels().length) { connect(); setInterval(show, 1000); }
