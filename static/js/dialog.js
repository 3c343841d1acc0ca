// Opens forms in a dialog; without JavaScript the same links open them as pages.
import { toast } from "./toast.js";

const dialog = document.getElementById("dialog");
const body = document.getElementById("dialog-body");
let opener = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target === body && !dialog.open) opener = event.detail.elt;
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== body) return;
  for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  if (!dialog.open) dialog.showModal();
  const first = body.querySelector("[aria-invalid=true], input:not([type=hidden]), select, textarea");
  first?.focus();
});

function close() {
  dialog.close();
  body.replaceChildren();
  if (opener?.isConnected) opener.focus();
}

function isTyped() {
  return [...body.querySelectorAll("textarea, input[type=text]")].some((field) => field.value !== field.defaultValue);
}

dialog?.addEventListener("cancel", (event) => {
  if (isTyped() && !confirm("Discard your changes?")) event.preventDefault();
});
dialog?.addEventListener("close", () => body.replaceChildren());

document.addEventListener("click", (event) => {
  const out = event.target.closest("[data-dismiss], [data-dismiss-link]");
  const around = out?.closest("dialog");
  if (around) {
    event.preventDefault();
    around === dialog ? close() : around.close();
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("tocsin:done", (event) => {
  // A change made before the dialog was opened may finish now: do not discard input.
  if (dialog?.open && dialog.contains(event.target)) close();
  toast(event.detail.message);
  for (const topic of event.detail.topics) document.body.dispatchEvent(new CustomEvent(`tocsin:${topic}`));
});
