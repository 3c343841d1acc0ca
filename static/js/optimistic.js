// Optimistic updates: shown immediately, reverted on errors. The form or button has data-shows="<selector>" for the
// element to change, and data-becomes, a <template> or its first element as the new content.
const shown = new WeakMap();

function showAt(sent, sender) {
  const source = sender?.dataset.shows ? sender : sent;
  const around = sent.closest("[data-row], [data-panel]") ?? document;
  const spot = source.dataset.shows && around.querySelector(source.dataset.shows);
  if (!spot) return;
  const before = [...spot.childNodes].filter((node) => node.nodeType === Node.ELEMENT_NODE && !node.hidden);
  const made = document.createElement("span");
  made.className = "pending";
  made.append(source.dataset.becomes ?? (source.querySelector("template")?.content ?? source.firstElementChild).cloneNode(true));
  for (const node of before) node.hidden = true;
  spot.append(made);
  shown.set(sent, () => {
    made.remove();
    for (const node of before) node.hidden = false;
  });
}

document.addEventListener("htmx:beforeRequest", ({ detail: { elt, requestConfig } }) => {
  if (requestConfig.verb !== "get") showAt(elt, requestConfig.triggeringEvent?.submitter);
});

document.addEventListener("htmx:afterRequest", ({ detail: { elt, successful } }) => {
  if (!successful) shown.get(elt)?.();
  shown.delete(elt);
});

// A form opened during a save is fetched after it, else it would be out of date.
const saving = new Set(), LONGEST = 8_000;
const ended = (xhr) => new Promise((done) => xhr.addEventListener("loadend", done));

document.addEventListener("htmx:beforeSend", ({ detail: { xhr, requestConfig } }) => {
  if (requestConfig.verb === "get") return;
  saving.add(xhr);
  xhr.addEventListener("loadend", () => saving.delete(xhr));
});

document.addEventListener("htmx:confirm", (event) => {
  const { verb, target, issueRequest } = event.detail;
  if (verb !== "get" || target.id !== "dialog-body" || !saving.size) return;
  event.preventDefault();
  const longest = new Promise((done) => setTimeout(done, LONGEST));
  Promise.race([longest, Promise.all([...saving].map(ended))]).then(() => issueRequest(true));
});
