// Small edits show at once and go back when they are refused. What sends them, a form or a button, says with
// data-shows="<selector>" what changes; data-becomes or a <template> inside says into what, else its first element.
const shown = new WeakMap();

function showAt(sent, sender) {
  const said = sender?.dataset.shows ? sender : sent;
  const around = sent.closest("[data-row], [data-panel]") ?? document;
  const spot = said.dataset.shows && around.querySelector(said.dataset.shows);
  if (!spot) return;
  const before = [...spot.childNodes].filter((node) => node.nodeType === Node.ELEMENT_NODE && !node.hidden);
  const made = document.createElement("span");
  made.className = "pending";
  made.append(said.dataset.becomes ?? (said.querySelector("template")?.content ?? said.firstElementChild).cloneNode(true));
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

// A form that is opened right behind a change is fetched when that change is saved: it would be refused as out of date.
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
