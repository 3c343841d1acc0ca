// Stores a draft note in this browser for a day, by person and incident, to survive a reload or a new sign-in.
const PREFIX = "tocsin:note:", LONGEST = 86_400_000;
const form = document.querySelector("form[data-note-draft]");
const key = form && PREFIX + form.dataset.noteDraft;
const [text, sentAs] = form ? [form.elements.message, form.elements.request_key] : [];

function stored(name) {
  try {
    const draft = JSON.parse(localStorage.getItem(name) ?? "null");
    if (draft && Date.now() - draft.at <= LONGEST) return draft;
    localStorage.removeItem(name);
  } catch { /* storage is off, or holds something else */ }
  return null;
}

function store() {
  const draft = { at: Date.now(), message: text.value, audience: form.elements.audience.value, request_key: sentAs?.value };
  try {
    if (text.value.trim()) localStorage.setItem(key, JSON.stringify(draft));
    else localStorage.removeItem(key);
  } catch { /* storage is off or full: the page itself still holds the words */ }
}

function forget() {
  try { localStorage.removeItem(key); } catch { /* storage is off */ }
}

if (form) {
  const draft = stored(key);
  if (draft && !text.value) {
    text.value = draft.message;
    form.elements.audience.value = draft.audience;
    if (sentAs && draft.request_key) sentAs.value = draft.request_key; // sent before the reload: idempotent
  }
  form.addEventListener("input", store);
  form.addEventListener("change", store);
  document.addEventListener("htmx:afterRequest", ({ detail }) => detail.elt === form && detail.successful && forget());
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) stored(name); // deletes old ones
  } catch { /* storage is off */ }
}
