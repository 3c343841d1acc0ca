// Filters apply themselves, Ctrl+Enter sends, a composer empties itself, and no failed request is silent.
import { toast } from "./toast.js";

for (const form of document.querySelectorAll("form[data-autosubmit]")) {
  form.addEventListener("change", () => form.requestSubmit());
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.closest?.("form")?.requestSubmit();
});

const setBusy = (form, busy) => {
  for (const button of form.querySelectorAll("button:not([type=button])")) button.disabled = busy;
};
document.addEventListener("htmx:beforeRequest", ({ detail }) => detail.elt.matches("form") && setBusy(detail.elt, true));
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.elt.matches("form")) return;
  setBusy(detail.elt, false);
  if (detail.successful && detail.elt.matches("[data-composer]")) detail.elt.reset();
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.elt.matches("[data-panel]")) return;
  const known = { 403: "You may not do this.", 404: "It is not there any more.", 429: "Too many requests. Wait a moment." };
  toast(known[detail.xhr.status] ?? "The server could not do this. Nothing was changed.", true);
});
document.addEventListener("htmx:sendError", ({ detail }) => {
  if (!detail.elt.matches("[data-panel]")) toast("The server cannot be reached. What you typed is still here.", true);
});
