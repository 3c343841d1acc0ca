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
  if (!detail.successful) return;
  if (detail.elt.matches("[data-composer]")) detail.elt.reset();
  const inline = detail.elt.closest("details[data-inline]"); // shut, its panel may show what came of it
  if (inline) {
    detail.elt.reset();
    inline.open = false;
  }
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.elt.matches("[data-panel]") || detail.xhr.getResponseHeader("HX-Trigger")) return;
  const known = { 403: "You may not do this.", 404: "It is not there any more.", 429: "Too many requests. Wait a moment." };
  toast(known[detail.xhr.status] ?? "The server could not do this. Nothing was changed.", true);
});
document.addEventListener("tocsin:problem", ({ detail, target }) => {
  if (!target.matches("[data-panel]")) toast(detail.message, true);
});
document.addEventListener("htmx:sendError", ({ detail }) => {
  if (!detail.elt.matches("[data-panel]")) toast("The server cannot be reached. What you typed is still here.", true);
});

document.addEventListener("toggle", ({ target }) => {
  if (target.matches?.("details[data-inline]") && target.open) target.querySelector("input[type=text]")?.select();
}, true);
document.addEventListener("keydown", (event) => {
  const inline = event.key === "Escape" && event.target.closest?.("details[data-inline][open]");
  if (!inline) return;
  inline.querySelector("form")?.reset();
  inline.open = false;
  inline.querySelector("summary").focus();
});

// A link to an entry that an earlier page of the timeline holds: ask for that page.
function findEntry() {
  const entry = /^#entry-(\d{1,18})$/.exec(location.hash)?.[1];
  const asked = new URLSearchParams(location.search).get("entry");
  if (!entry || document.getElementById(`entry-${entry}`) || asked === entry) return;
  if (document.querySelector(".timeline")) location.replace(`?entry=${entry}#entry-${entry}`);
}
addEventListener("hashchange", findEntry);
findEntry();
