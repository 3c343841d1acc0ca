// Swaps refetched panels without disturbing the person: a form with input is not swapped; focus, selected row,
// checked boxes, open details and the scroll position are preserved.
const waiting = new Set(), saved = new WeakMap();
const USED = "input:not([type=hidden], [type=checkbox], [type=radio]), textarea, select";
const BOX = "[data-row] input[type=checkbox], input[data-keep]";
const FOLLOWS = "[data-pick-all] input"; // reflects the boxes of the rows
const FOCUSABLE = "a[href], button, summary, input, [tabindex]";

function isChanged(field) {
  if (field.matches(`${BOX}, ${FOLLOWS}`) || field.type === "hidden" || field.disabled) return false;
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  if (!field.matches("select")) return field.value !== field.defaultValue;
  const first = Math.max(0, [...field.options].findIndex((one) => one.defaultSelected));
  return !field.multiple && field.selectedIndex !== first;
}

export const isTyped = (form) => [...form.querySelectorAll("input, textarea, select")].some(isChanged);

function isSelecting(panel) {
  const selection = getSelection();
  return !selection.isCollapsed && panel.contains(selection.anchorNode);
}

function isBusy(panel) {
  const focused = document.activeElement;
  if (panel.contains(focused) && focused.matches(USED)) return true;
  if (panel.querySelector(".htmx-request")) return true; // its request would lose its response
  if (panel.querySelector("details.menu[open], details[data-inline][open], dialog[open]")) return true;
  return isSelecting(panel) || isTyped(panel);
}

const label = (one) => [one.tagName, one.name, one.value, one.getAttribute("aria-label") ?? one.getAttribute("href") ?? one.textContent.trim()].join("|");
const detailsOf = (panel) => [...panel.querySelectorAll("details:not(.menu, [data-inline])")];
const nameOf = (details) => details.id || details.querySelector("summary")?.textContent.trim();
// Boxes are identified by row, since their value may include the version.
const boxName = (box) => `${box.name}|${box.closest("[data-row]")?.id || box.value}`;

function place(panel) {
  if (panel.getBoundingClientRect().top >= 0) return null; // its head is visible: no scroll correction
  const seen = [...panel.querySelectorAll("[id]")].find((one) => one.getBoundingClientRect().top >= 0);
  return seen && { id: seen.id, top: seen.getBoundingClientRect().top };
}

function remember(panel) {
  const focused = panel.contains(document.activeElement) ? document.activeElement : null;
  saved.set(panel, {
    rows: new Set([...panel.querySelectorAll("[data-row]")].map((row) => row.id)),
    chosen: panel.querySelector("[data-row][aria-selected=true]")?.id,
    focus: focused && { around: focused.closest("[id]")?.id, itself: focused.id, label: label(focused) },
    open: new Map(detailsOf(panel).map((one) => [nameOf(one), one.open])),
    boxes: new Set([...panel.querySelectorAll(BOX)].filter((box) => box.checked).map(boxName)),
    scrolls: [...panel.querySelectorAll("[id]")].filter((one) => one.scrollTop || one.scrollLeft).map((one) => [one.id, one.scrollTop, one.scrollLeft]),
    place: place(panel),
  });
}

function refocus(panel, { around, itself, label: words }) {
  const scope = (around && document.getElementById(around)) || panel;
  const same = (itself && document.getElementById(itself)) || [...scope.querySelectorAll(FOCUSABLE)].find((one) => label(one) === words);
  (same ?? scope.querySelector(FOCUSABLE))?.focus({ preventScroll: true });
}

function restore(panel, { rows, chosen, focus, open, boxes, scrolls, place: at }) {
  for (const row of panel.querySelectorAll("[data-row]")) if (!rows.has(row.id)) row.classList.add("fresh");
  if (chosen) document.getElementById(chosen)?.setAttribute("aria-selected", "true");
  for (const one of detailsOf(panel)) one.open = open.get(nameOf(one)) ?? one.open;
  for (const box of panel.querySelectorAll(BOX)) box.checked ||= boxes.has(boxName(box));
  for (const [id, top, left] of scrolls) document.getElementById(id)?.scrollTo(left, top);
  if (focus) refocus(panel, focus);
  const now = at && document.getElementById(at.id)?.getBoundingClientRect().top;
  if (now) scrollBy(0, now - at.top);
  if (boxes.size) panel.dispatchEvent(new Event("change", { bubbles: true })); // updates bars that count checked boxes
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const panel = event.detail.target;
  if (!panel.matches?.("[data-panel]") || event.detail.requestConfig.elt !== panel || !event.detail.shouldSwap) return;
  const etag = event.detail.xhr.getResponseHeader("ETag");
  if (isBusy(panel)) {
    waiting.add(panel);
    event.detail.shouldSwap = false;
  } else if (etag && etag === panel.dataset.etag) {
    event.detail.shouldSwap = false;
  } else {
    panel.dataset.etag = etag ?? "";
    remember(panel);
  }
});

document.addEventListener("htmx:afterSwap", ({ detail: { target: panel } }) => {
  if (!saved.has(panel)) return;
  restore(panel, saved.get(panel));
  saved.delete(panel);
});

function retry() {
  for (const panel of waiting) {
    if (isBusy(panel)) continue;
    waiting.delete(panel);
    window.htmx.trigger(panel, "tocsin:panel");
  }
}
let soon;
for (const what of ["focusout", "selectionchange", "toggle", "reset", "htmx:afterRequest"]) {
  document.addEventListener(what, () => {
    if (!waiting.size) return;
    clearTimeout(soon);
    soon = setTimeout(retry, 100);
  }, true);
}
