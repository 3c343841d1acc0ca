// Row selection: counted, preserved by live updates, ranges with Shift; and Undo in the toast.
const chosen = new Set();
const boxes = () => [...document.querySelectorAll("[data-pick]")];
const numberOf = (box) => box.value.split(":")[0];
let last = null, focused = "";

function show() {
  const count = boxes().filter((box) => box.checked).length;
  for (const words of document.querySelectorAll("[data-picked]")) {
    const text = count ? `${count} selected` : "";
    if (words.textContent !== text) words.textContent = text;
  }
  for (const label of document.querySelectorAll("[data-pick-all]")) {
    const box = label.querySelector("input");
    label.hidden = false;
    box.checked = count > 0 && count === boxes().length;
    box.indeterminate = count > 0 && !box.checked;
  }
}

function set(box, checked) {
  box.checked = checked;
  checked ? chosen.add(numberOf(box)) : chosen.delete(numberOf(box));
}

function clear() {
  for (const box of boxes()) set(box, false);
  chosen.clear();
  show();
}

document.addEventListener("click", ({ target, shiftKey }) => {
  const box = target.closest?.("[data-pick]");
  if (!box) return;
  const all = boxes(), from = all.findIndex((one) => last === numberOf(one)), to = all.indexOf(box);
  if (shiftKey && from >= 0) for (const one of all.slice(Math.min(from, to), Math.max(from, to) + 1)) set(one, box.checked);
  if (shiftKey) getSelection().removeAllRanges(); // no text selection
  last = numberOf(box);
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-pick]")) set(target, target.checked);
  else if (target.matches("[data-pick-all] input")) for (const box of boxes()) set(box, target.checked);
  else return;
  show();
});

document.addEventListener("reset", ({ target }) => target.id === "bulk" && setTimeout(clear));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !chosen.size || document.querySelector("dialog[open], details.menu[open]")) return;
  if (!event.target.matches("input[type=search], textarea, select")) clear();
});

// Restores selection and focus after a panel was refetched.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const box = document.activeElement?.closest?.("[data-pick]");
  focused = box && detail.target.contains(box) ? numberOf(box) : "";
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (!detail.target.matches?.("[data-panel]")) return;
  for (const box of boxes()) if (chosen.has(numberOf(box))) box.checked = true;
  if (focused) boxes().find((box) => numberOf(box) === focused)?.focus({ preventScroll: true });
  show();
});

// Clears the selection after an action. One request at a time: a second click waits.
let busy = false;
const isBulk = (elt) => elt.form?.id === "bulk" || elt.form?.id === "one";
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isBulk(event.detail.elt)) return;
  if (busy) event.preventDefault();
  else busy = true;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!isBulk(detail.elt)) return;
  busy = false;
  for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  if (!detail.successful) return;
  if (detail.elt.form.id === "bulk") document.getElementById("bulk").reset();
  if (detail.xhr.status === 200) document.body.dispatchEvent(new CustomEvent("tocsin:incidents"));
});

document.addEventListener("tocsin:done", ({ detail }) => {
  if (!detail.undo) return;
  // Only the last action can be undone.
  for (const old of document.querySelectorAll(".toast-action")) old.closest(".toast").remove();
  const toast = document.querySelector("#toasts")?.lastElementChild;
  const token = document.querySelector("#bulk [name=csrfmiddlewaretoken], [name=csrfmiddlewaretoken]");
  if (!toast || !token) return;
  const form = document.createElement("form"), button = document.createElement("button");
  form.method = "post";
  form.action = detail.undo;
  form.setAttribute("hx-post", detail.undo);
  form.setAttribute("hx-target", "#dialog-body");
  form.append(token.cloneNode(), button);
  button.className = "toast-action";
  button.textContent = "Undo";
  // After the response, which is handled by this form.
  form.addEventListener("htmx:afterRequest", () => setTimeout(() => toast.remove()));
  toast.querySelector("span").after(form);
  window.htmx.process(form);
});

// Browsers may restore checked boxes on back navigation.
for (const box of boxes()) if (box.checked) set(box, true);
if (document.getElementById("bulk")) show();
