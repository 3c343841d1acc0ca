// Live updates: panels refetch on signals. Green: live. Amber: 10 s of silence. Red: 30 s, polling.
import { checkLeader, start, stop } from "./stream.js";

const LATE = 10_000, AWAY = 30_000, POLL = 10_000;
const WORDS = { live: "Live", late: "Reconnecting", away: "Not live, polling every 10 s", off: "Connecting" };
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const panels = () => [...document.querySelectorAll("[data-panel]")];
const opened = Date.now();
let heard = 0, polled = 0;

const topics = () => [...new Set(panels().flatMap((one) => one.dataset.panel.split(",")).filter(Boolean))].sort();

function refreshAll() {
  for (const panel of panels()) window.htmx.trigger(panel, "tocsin:panel");
}

function alive() {
  heard = Date.now();
  show();
}

const handlers = {
  beat: alive,
  signal(changed) {
    alive();
    if (changed.includes("refresh")) return refreshAll();
    for (const topic of changed) document.body.dispatchEvent(new CustomEvent(`tocsin:${topic}`));
  },
  open(isLost) {
    alive();
    if (isLost) refreshAll();
  },
};

function state() {
  const silence = Date.now() - (heard || opened);
  return silence > AWAY ? "away" : silence > LATE ? "late" : heard ? "live" : "off";
}

function show() {
  const now = state();
  for (const dot of document.querySelectorAll("[data-live-dot]")) {
    if (dot.dataset.state === now) continue;
    dot.dataset.state = now;
    dot.querySelector("[data-live-words]").textContent = WORDS[now];
  }
  showAway(now === "away" || !navigator.onLine);
  if (now === "away" && Date.now() - polled > POLL) {
    polled = Date.now();
    refreshAll();
  }
}

function showAway(isAway) {
  const banner = document.querySelector("[data-away=offline]");
  if (!banner || banner.hidden === !isAway) return;
  banner.hidden = !isAway;
  banner.querySelector("[data-away-since]").textContent = clock.format(heard || opened);
}

// Prefixes the page title with the number of open incidents.
function count() {
  const number = Number(document.querySelector("[data-count]")?.dataset.count ?? 0);
  const title = document.title.replace(/^\(\d+\+?\) /, "");
  const wanted = number ? `(${number}) ${title}` : title;
  if (document.title !== wanted) document.title = wanted;
}

document.addEventListener("htmx:afterSettle", count);
addEventListener("pagehide", stop);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  start(topics(), handlers);
  refreshAll();
});
addEventListener("offline", () => {
  heard = Math.min(heard, Date.now() - LATE - 1);
  show();
});
addEventListener("online", refreshAll);
document.addEventListener("visibilitychange", () => !document.hidden && show());
count();
if (topics().length) {
  start(topics(), handlers);
  setInterval(() => {
    show();
    checkLeader();
  }, 1000);
}
