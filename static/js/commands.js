// The one registry of what can be done by hand: keys, the `?` sheet and the palette are all fed by it.
const registry = [];

// keys: "r" or "g i", may be empty. when: whether it can be done now. title: text, or a function that answers it.
export function command({ keys = "", title, group = "Anywhere", run, when = () => true }) {
  registry.push({ keys, title, group, run, when });
}

export const all = () => registry;
export const words = ({ title }) => (typeof title === "function" ? title() : title);

export const selectedRow = () => document.querySelector("[data-row][aria-selected=true]");

// What a key presses: in the chosen row, else on the page itself.
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

// Links and buttons that name themselves as commands: `data-command="Export as CSV"`, with data-keys if they have any.
export function named() {
  return [...document.querySelectorAll("[data-command]")].map((one) => ({
    keys: one.dataset.keys ?? "",
    title: one.dataset.command,
    group: one.closest("nav") ? "Go to" : "On this page",
    run: () => one.click(),
    when: () => true,
  }));
}
