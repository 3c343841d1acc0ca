// Filters submit automatically, Ctrl+Enter submits, the composer is cleared, and failed requests show a toast.
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
  const inline = detail.elt.closest("details[data-inline]"); // closed, so that its panel can refresh
  const isMoved = inline && [409, 422].includes(detail.xhr.status); // the input is in the dialog now
  if (!detail.successful && !isMoved) return;
  if (detail.elt.matches("[data-composer]")) {
    detail.elt.reset();
    const key = detail.elt.querySelector("[name=request_key]"); // the next text is another entry
    if (key) key.value = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  }
  if (inline) {
    detail.elt.reset();
    inline.open = false;
  }
});

// Uses the current CSRF token: a form may be older than the session.
const cookie = document.querySelector("meta[name=csrf-cookie]")?.content;
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const token = cookie && document.cookie.split("; ").find((one) => one.startsWith(`${cookie}=`))?.slice(cookie.length + 1);
  if (!token || detail.verb === "get") return;
  detail.headers["X-CSRFToken"] = token;
  if ("csrfmiddlewaretoken" in detail.parameters) detail.parameters.csrfmiddlewaretoken = token;
});

// Prevents double submits of plain forms; re-enabled when the person returns to the page.
const AGAIN = 8000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.matches("[hx-post]") || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => setBusy(form, true));
  setTimeout(() => wake(form), AGAIN); // a download leaves the page open
});
function wake(form) {
  if (!form.dataset.sent) return;
  delete form.dataset.sent;
  setBusy(form, false);
}
addEventListener("pageshow", () => [...document.forms].forEach(wake));

// Progress bar for requests by the person.
let asked = 0;
const isAsked = (elt) => !elt.matches("[data-panel]") && !/input|load|every/.test(elt.getAttribute("hx-trigger") ?? "");
const showLoading = (step) => {
  asked = Math.max(0, asked + step);
  document.documentElement.toggleAttribute("data-loading", asked > 0);
};
document.addEventListener("htmx:beforeSend", ({ detail }) => isAsked(detail.elt) && showLoading(1));
document.addEventListener("htmx:afterRequest", ({ detail }) => isAsked(detail.elt) && showLoading(-1));
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.elt.matches("[data-panel]") || detail.xhr.getResponseHeader("HX-Trigger")) return;
  const known = { 403: "You don't have permission to do this.", 404: "It no longer exists.", 429: "Too many requests. Wait a moment." };
  toast(known[detail.xhr.status] ?? "Server error. Nothing was changed.", true);
});
document.addEventListener("tocsin:problem", ({ detail, target }) => {
  if (!target.matches("[data-panel]")) toast(detail.message, true);
});
document.addEventListener("htmx:sendError", ({ detail }) => {
  if (!detail.elt.matches("[data-panel]")) toast("Server unreachable. Your input is still here.", true);
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

// Loads the timeline page that has the linked entry.
function findEntry() {
  const entry = /^#entry-(\d{1,18})$/.exec(location.hash)?.[1];
  const asked = new URLSearchParams(location.search).get("entry");
  if (!entry || document.getElementById(`entry-${entry}`) || asked === entry) return;
  if (document.querySelector(".timeline")) location.replace(`?entry=${entry}#entry-${entry}`);
}
addEventListener("hashchange", findEntry);
findEntry();
