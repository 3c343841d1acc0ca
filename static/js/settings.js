// Asks before what cannot be taken back.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// A notice that was read is folded into its icon, in this browser.
for (const notice of document.querySelectorAll("[data-read-once]")) {
  const key = `tocsin:read:${notice.dataset.readOnce}`, button = notice.querySelector("[data-read]");
  let isRead = false;
  try {
    isRead = localStorage.getItem(key) === "1";
  } catch {
    continue; // no storage: it stays a plain banner
  }
  if (isRead) notice.open = false;
  button.hidden = false;
  button.addEventListener("click", () => {
    localStorage.setItem(key, "1");
    notice.open = false;
    notice.querySelector("summary").focus();
  });
}
