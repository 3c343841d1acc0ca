// Preserves form input when the session ends: it stays in the page, or in session storage until the person signs
// in again. It is restored into the form and never submitted automatically.
import { isTyped } from "./panels.js";
import { toast } from "./toast.js";

const KEY = "tocsin:drafts", MAX_AGE_MS = 3_600_000;
const SECRET = "[type=password], [name=csrfmiddlewaretoken], [data-no-draft], [type=file]";
const isSignIn = (address) => new URL(address, location.href).pathname === "/sign-in";

function fieldsOf(form) {
  const fields = [...form.elements].filter((one) => one.name && !one.matches(`button, ${SECRET}`));
  return fields.filter((one) => !one.matches("[type=checkbox], [type=radio]") || one.checked).map((one) => [one.name, one.value]);
}

function keep() {
  const forms = [...document.forms].filter((form) => form.method === "post" && isTyped(form));
  const drafts = forms.map((form) => ({
    action: form.getAttribute("action"),
    isDialog: Boolean(form.closest("#dialog")),
    fields: fieldsOf(form),
  }));
  if (drafts.length) sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, at: Date.now(), forms: drafts }));
}

function fill(form, fields) {
  const values = Map.groupBy ? Map.groupBy(fields, ([name]) => name) : new Map(fields.map((one) => [one[0], [one]]));
  for (const field of form.elements) {
    const given = values.get(field.name)?.map(([, value]) => value);
    if (!field.name || field.matches(`button, ${SECRET}`)) continue;
    if (field.matches("[type=checkbox], [type=radio]")) field.checked = Boolean(given?.includes(field.value));
    else if (given) field.value = given[0];
  }
  form.querySelector("textarea, input[type=text]")?.focus();
}

const formOf = (action) => [...document.forms].find((form) => form.getAttribute("action") === action);

async function putBack({ action, isDialog, fields }) {
  if (isDialog) await window.htmx.ajax("GET", action, { target: "#dialog-body" });
  const form = formOf(action);
  if (form) fill(form, fields);
  return Boolean(form);
}

async function restore() {
  const draft = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  if (!draft || draft.path !== location.pathname) return;
  sessionStorage.removeItem(KEY);
  if (Date.now() - draft.at > MAX_AGE_MS) return;
  const back = await Promise.all(draft.forms.map(putBack));
  if (back.some(Boolean)) toast("Draft restored. It has not been sent yet.");
}

function showSignedOut() {
  const banner = document.querySelector("[data-away=signed-out]");
  if (!banner?.hidden) return;
  banner.querySelector("[data-sign-in]").href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  banner.hidden = false;
}

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const away = event.detail.xhr.getResponseHeader("HX-Redirect");
  if (!away || !isSignIn(away)) return;
  if (event.detail.elt.matches("[data-panel]")) {
    event.preventDefault(); // a background request: keep the page with its input
    showSignedOut();
  } else keep();
});
document.addEventListener("tocsin:signed-out", showSignedOut);
document.addEventListener("click", ({ target }) => target.closest?.("[data-sign-in]") && keep());
restore();
