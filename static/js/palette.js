// Command palette (Ctrl/Cmd K): commands of the page and search results, as a combobox.
import { all, named, selectedRow, synonyms, words } from "./commands.js";
import { forget, recent, remember } from "./recent.js";

const dialog = document.getElementById("palette"), input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");
const actions = document.createElement("div"), found = document.createElement("div");
const PAUSE = 120, MOST = 8;
let shown = [], chosen = 0, timer, asking, opener;

export function open() {
  if (!dialog || document.querySelector("dialog[open]")) return;
  opener = document.activeElement;
  input.value = "";
  found.replaceChildren();
  list.replaceChildren(actions, found);
  dialog.showModal();
  draw();
  input.focus();
}

function matching(text) {
  const parts = text.toLowerCase().split(/\s+/).filter(Boolean);
  const able = [...all(), ...named()].filter((one) => one.when() && one.group !== "In a list");
  const known = (one) => `${words(one)} ${synonyms(words(one))}`.toLowerCase();
  const hits = able.filter((one) => parts.every((part) => known(one).includes(part)));
  const before = recent(), place = (one) => (before.findIndex(({ title }) => title === words(one)) + 1) || Infinity;
  const sorted = hits.map((one) => [place(one), one]).sort(([a], [b]) => (a === b ? 0 : a - b)).map(([, one]) => one);
  if (text) return sorted.slice(0, MOST);
  const links = before.filter(({ href }) => href).map(({ title, href }) => ({ title, href, run: () => location.assign(href) }));
  return [...links, ...sorted];
}

function option(one, index) {
  const box = document.createElement("div"), what = document.createElement("span"), keys = document.createElement("kbd");
  box.className = "palette-option";
  box.id = `palette-action-${index}`;
  box.setAttribute("role", "option");
  what.className = "palette-words";
  what.textContent = words(one);
  box.append(what);
  if (one.keys) {
    keys.className = "kbd";
    keys.textContent = one.keys;
    box.append(keys);
  }
  return box;
}

function drawActions() {
  shown = matching(input.value.trim());
  actions.className = shown.length ? "palette-group" : "";
  const heading = document.createElement("h3");
  heading.id = "palette-actions";
  heading.textContent = "Actions";
  heading.setAttribute("role", "presentation");
  actions.setAttribute("role", "group");
  actions.setAttribute("aria-labelledby", "palette-actions");
  actions.replaceChildren(...(shown.length ? [heading, ...shown.map(option)] : []));
}

const options = () => [...list.querySelectorAll("[role=option]")];

function choose(index) {
  const each = options();
  chosen = each.length ? (index + each.length) % each.length : -1;
  each.forEach((one, at) => one.setAttribute("aria-selected", String(at === chosen)));
  chosen < 0 ? input.removeAttribute("aria-activedescendant") : input.setAttribute("aria-activedescendant", each[chosen].id);
  each[chosen]?.scrollIntoView({ block: "nearest" });
}

function draw() {
  drawActions();
  tell();
  choose(0);
}

function tell() {
  const number = options().length, isSettled = !asking;
  dialog.querySelector("[data-palette-none]").hidden = number > 0 || !isSettled;
  dialog.querySelector("[data-palette-count]").textContent = isSettled ? `${number} found` : "";
}

// "sev1" or "@maya lead" alone applies to the selected row or the incident of the page.
function about(text) {
  const here = selectedRow()?.dataset.reference ?? /^\/incidents\/(INC-\d+)/.exec(location.pathname)?.[1];
  const isCommand = /^(@\S|sev[1-4]\b)/i.test(text) && !/\binc-?\d/i.test(text);
  return here && isCommand ? `${text} ${here}` : text;
}

async function ask(text) {
  asking?.abort();
  const mine = (asking = text ? new AbortController() : null);
  if (!text) return settle("", mine);
  try {
    const response = await fetch(`/find?q=${encodeURIComponent(about(text))}`, { headers: { "HX-Request": "true" }, signal: mine.signal });
    if (response.headers.get("HX-Redirect")) document.dispatchEvent(new CustomEvent("tocsin:signed-out"));
    settle(response.ok && response.status === 200 ? await response.text() : "", mine);
  } catch (fault) {
    if (fault.name !== "AbortError") settle("", mine);
  }
}

function settle(html, mine) {
  if (mine !== asking) return;
  asking = null;
  const keep = options()[chosen]?.id;
  found.innerHTML = html; // escaped by the server
  found.hidden = !found.querySelector("[role=option]");
  tell();
  choose(Math.max(0, options().findIndex((one) => one.id === keep)));
}

function take(one, isAside) {
  if (!one) return;
  if (one.dataset.href) return follow(one.dataset.href, one.querySelector(".palette-words").textContent, isAside);
  const what = shown[[...actions.querySelectorAll("[role=option]")].indexOf(one)];
  dialog.close();
  if (what && !what.href) remember(words(what));
  what?.run();
}

const FORM = /^\/incidents\/INC-\d+\/(acknowledge|resolve|close|reopen|assign|status|severity|edit|peek)\b/;
function follow(href, title, isAside) {
  if (isAside) return window.open(href, "_blank", "noopener");
  dialog.close();
  if (FORM.test(href)) return window.htmx.ajax("GET", href, { target: "#dialog-body" });
  remember(title, href);
  location.assign(href);
}
document.addEventListener("submit", ({ target }) => target.action?.endsWith("/sign-out") && forget());

const STEPS = { ArrowDown: 1, ArrowUp: -1 };
input?.addEventListener("keydown", (event) => {
  if (event.key in STEPS) choose(chosen + STEPS[event.key]);
  else if (event.key === "Enter" && !event.isComposing) take(options()[chosen], event.ctrlKey || event.metaKey);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
input?.addEventListener("input", () => {
  draw();
  clearTimeout(timer);
  timer = setTimeout(() => ask(input.value.trim()), PAUSE);
});
list?.addEventListener("mousemove", ({ target }) => {
  const at = options().indexOf(target.closest("[role=option]"));
  if (at >= 0 && at !== chosen) choose(at);
});
list?.addEventListener("click", (event) => take(event.target.closest("[role=option]"), event.ctrlKey || event.metaKey));
dialog?.addEventListener("close", () => {
  clearTimeout(timer);
  asking?.abort();
  asking = null;
  if (opener?.isConnected) opener.focus();
});
dialog?.addEventListener("click", (event) => event.target === dialog && dialog.close());

for (const link of document.querySelectorAll("[data-palette-open]")) {
  if (/Mac|iP(hone|ad)/.test(navigator.platform)) link.querySelector("kbd").textContent = "⌘ K";
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
}
