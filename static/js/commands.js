// Registry of commands, used by shortcuts, the `?` sheet and the command palette.
const registry = [];

// keys: "r" or "g i", may be empty. when: whether it is available. title: text, or a function that returns it.
export function command({ keys = "", title, group = "Anywhere", run, when = () => true }) {
  registry.push({ keys, title, group, run, when });
}

export const all = () => registry;
export const words = ({ title }) => (typeof title === "function" ? title() : title);

export const selectedRow = () => document.querySelector("[data-row][aria-selected=true]");

// Target element of a key: in the selected row, else on the page.
export function target(key) {
  const wanted = `[data-key="${key}"]`;
  const inRow = selectedRow()?.querySelector(wanted);
  return inRow ?? [...document.querySelectorAll(wanted)].find((one) => !one.closest("[data-row]"));
}

export function press(key) {
  const found = target(key);
  if (!found) return;
  found.matches("input:not([type=checkbox], [type=radio]), textarea, select") ? (found.focus(), found.select?.()) : found.click();
}

// Synonyms for the search.
const SYNONYMS = {
  acknowledge: "ack take own", resolve: "fixed done close", "change status": "mitigate monitoring identified",
  assign: "commander owner hand off", claim: "take own mine", export: "download csv json markdown", "sign out": "log out leave",
  declare: "new open report incident", mitigate: "remediation fix run", profile: "account me theme",
};
export function synonyms(title) {
  const text = title.toLowerCase();
  return Object.entries(SYNONYMS).filter(([word]) => text.includes(word)).map(([, more]) => more).join(" ");
}

// Links and buttons marked as commands (`data-command="Export as CSV"`, optional data-keys), and all menu items of
// the page; of rows, only of the selected one.
export function named() {
  const isShown = (one) => !one.closest("[data-row]") || one.closest("[data-row]") === selectedRow();
  const found = [...document.querySelectorAll("[data-command], details.menu .menu-item, .menu-exports .link")].filter(isShown);
  const listed = new Set();
  return found.map((one) => ({
    keys: one.dataset.keys ?? "",
    title: one.dataset.command ?? entryWords(one),
    group: one.closest("nav") ? "Go to" : "On this page",
    run: () => one.click(),
    when: () => true,
  })).filter(({ title }) => title && !listed.has(title) && listed.add(title));
}

function entryWords(one) {
  const text = one.textContent.replace(/\s+/g, " ").trim();
  const reference = one.closest("[data-row]")?.dataset.reference ?? "";
  const lead = one.closest(".menu-exports") ? "Export as " : one.closest(".account") && one.form ? "Switch to " : "";
  return [lead + text, reference].filter(Boolean).join(" ");
}
