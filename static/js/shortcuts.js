// One registry feeds the keys and the `?` sheet. Off while typing and behind a dialog.
const registry = [];
let prefix = "", timer;

export function shortcut(keys, title, run) {
  registry.push({ keys, title, run });
}

const press = (key) => () => {
  const wanted = `[data-key="${key}"]`, row = document.querySelector("[data-row][aria-selected=true]");
  const target = row?.querySelector(wanted) ?? [...document.querySelectorAll(wanted)].find((one) => !one.closest("[data-row]"));
  target?.matches("input:not([type=checkbox])") ? (target.focus(), target.select()) : target?.click();
};

function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  rows[at]?.removeAttribute("aria-selected");
  next.setAttribute("aria-selected", "true");
  next.querySelector("a").focus();
}

shortcut("j", "Next incident", () => move(1));
shortcut("k", "Previous incident", () => move(-1));
shortcut("a", "Acknowledge", press("a"));
shortcut("x", "Select the incident", press("x"));
shortcut("s", "Change status", press("s"));
shortcut("r", "Resolve", press("r"));
shortcut("e", "Edit details", press("e"));
shortcut("n", "Declare an incident", press("n"));
shortcut("/", "Search", press("/"));
shortcut("g i", "Go to active incidents", () => location.assign("/"));
shortcut("g l", "Go to all incidents", () => location.assign("/incidents"));
shortcut("?", "This sheet", () => document.getElementById("shortcuts")?.showModal());

const sheet = document.querySelector("[data-key-sheet]")?.appendChild(document.createElement("dl"));
if (sheet) sheet.className = "keys";
for (const { keys, title } of sheet ? registry : []) {
  const term = document.createElement("dt"), words = document.createElement("dd");
  for (const key of keys.split(" ")) {
    const cap = document.createElement("kbd");
    cap.className = "kbd";
    cap.textContent = key;
    term.append(cap, " ");
  }
  words.textContent = title;
  sheet.append(term, words);
}

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
  if (isTyping && event.key === "Escape") event.target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typed = prefix ? `${prefix} ${event.key}` : event.key;
  const hit = registry.find(({ keys }) => keys === typed);
  clearTimeout(timer);
  prefix = !hit && registry.some(({ keys }) => keys.startsWith(`${typed} `)) ? typed : "";
  timer = setTimeout(() => { prefix = ""; }, 1000);
  if (hit) {
    event.preventDefault();
    hit.run();
  }
});
