// Confirms irreversible actions.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// Collapses a dismissed notice to its icon, in this browser.
for (const notice of document.querySelectorAll("[data-read-once]")) {
  const key = `tocsin:read:${notice.dataset.readOnce}`, button = notice.querySelector("[data-read]");
  let isRead = false;
  try {
    isRead = localStorage.getItem(key) === "1";
  } catch {
    continue; // no storage: show the banner
  }
  if (isRead) notice.open = false;
  button.hidden = false;
  button.addEventListener("click", () => {
    localStorage.setItem(key, "1");
    notice.open = false;
    notice.querySelector("summary").focus();
  });
}
