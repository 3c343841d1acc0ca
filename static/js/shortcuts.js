// Keyboard shortcuts, disabled while typing, behind a dialog, and by the profile; and the sheet that lists them.
import { all, command, named, press, selectedRow, target, words } from "./commands.js";
import { open as openPalette } from "./palette.js";

const sheet = document.getElementById("shortcuts");
const isOff = () => document.documentElement.dataset.keys === "off";
const rows = () => [...document.querySelectorAll("[data-row]")];
const titleLink = (row) => row?.querySelector("a:not(.row-edit)"); // others edit a field of the row
let prefix = "", timer;

function choose(row) {
  for (const one of rows()) one.toggleAttribute("aria-selected", false);
  row?.setAttribute("aria-selected", "true");
}

function move(step) {
  const list = rows(), at = list.indexOf(selectedRow());
  const next = list[Math.min(list.length - 1, Math.max(0, at + step))];
  choose(next);
  titleLink(next)?.focus();
}

const onRow = (act) => () => selectedRow() && act(selectedRow());
const inList = { group: "In a list", when: () => rows().length > 0 };
command({ ...inList, keys: "j", title: "Next", run: () => move(1) });
command({ ...inList, keys: "k", title: "Previous", run: () => move(-1) });
command({ ...inList, keys: "o", title: "Open the selected item", run: onRow((row) => titleLink(row)?.click()), when: selectedRow });
command({ ...inList, keys: "Space", title: "Peek at the selected item", run: () => press("Space"), when: () => selectedRow() && target("Space") });
command({ ...inList, keys: "x", title: "Select the item", run: onRow((row) => row.querySelector("input[type=checkbox]")?.click()),
  when: () => selectedRow()?.querySelector("input[type=checkbox]") });

const ON_INCIDENT = { a: "Acknowledge", r: "Resolve", s: "Change status", i: "Assign", e: "Edit details" };
for (const [keys, title] of Object.entries(ON_INCIDENT)) {
  const named = () => [title, selectedRow()?.dataset.reference].filter(Boolean).join(" ");
  command({ keys, title: named, group: "On an incident", run: () => press(keys), when: () => target(keys) });
}
command({ keys: "n", title: "Declare an incident", run: () => (target("n") ? press("n") : location.assign("/incidents/declare")) });
command({ keys: "/", title: "Search this list", run: () => press("/"), when: () => target("/") });
command({ keys: "?", title: "Keyboard shortcuts", run: showSheet });
command({ title: "Copy page URL", run: () => navigator.clipboard?.writeText(location.href), when: () => navigator.clipboard });
command({ title: "Print this page", run: () => print() });

function cap(key) {
  const element = document.createElement("kbd");
  element.className = "kbd";
  element.textContent = key;
  return element;
}

function group(title, list) {
  const section = document.createElement("section"), heading = document.createElement("h3"), keys = document.createElement("dl");
  section.className = "key-group";
  keys.className = "keys";
  heading.textContent = title;
  for (const one of list) {
    const term = document.createElement("dt"), what = document.createElement("dd");
    for (const key of one.keys.split(" ")) term.append(cap(key), " ");
    what.textContent = words(one);
    keys.append(term, what);
  }
  section.append(heading, keys);
  return section;
}

const FIXED = [{ keys: "Ctrl K", title: "Search or run a command…" }, { keys: "Esc", title: "Close, or leave the field" }, { keys: "Ctrl Enter", title: "Submit the form" }];
function showSheet() {
  const body = sheet?.querySelector("[data-key-sheet]");
  if (!body || sheet.open) return;
  const found = [...all(), ...named()].filter(({ keys }) => keys);
  const groups = [...new Set(found.map((one) => one.group))];
  const sections = groups.map((title) => group(title, found.filter((one) => one.group === title)));
  body.replaceChildren(...sections, group("Everywhere", FIXED));
  if (isOff()) body.prepend("Single-key shortcuts are off in your profile.");
  sheet.showModal();
}

function find(typed) {
  const list = [...all(), ...named()].filter(({ keys }) => keys);
  return [list.find(({ keys, when }) => keys === typed && when()), list.some(({ keys }) => keys.startsWith(`${typed} `))];
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.altKey) {
    event.preventDefault();
    return openPalette();
  }
  const isTyping = event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) return isTyping ? event.target.blur() : choose(null);
  if (isOff() || isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const key = event.key === " " ? "Space" : event.key;
  if (key === "Space" && event.target.closest?.("button, summary, input")) return; // activates the focused element
  const typed = prefix ? `${prefix} ${key}` : key;
  const [hit, isStart] = find(typed);
  clearTimeout(timer);
  prefix = !hit && isStart ? typed : "";
  timer = setTimeout(() => { prefix = ""; }, 1500);
  if (!hit) return;
  event.preventDefault();
  hit.run();
});

// Focus in a row selects it.
document.addEventListener("focusin", ({ target: focused }) => {
  const row = focused.closest?.("[data-row]");
  if (row && row !== selectedRow() && focused.matches(":focus-visible")) choose(row);
});
