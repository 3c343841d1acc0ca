// Short words at the foot of the page. Good news goes by itself; faults stay until they are closed.
// message: text. isError: it stays until closed.
export function toast(message, isError = false) {
  const host = document.getElementById("toasts");
  if (!host) return;
  const box = document.createElement("div"), words = document.createElement("span"), button = document.createElement("button");
  box.className = isError ? "toast toast-error" : "toast";
  words.textContent = message;
  button.type = "button";
  button.textContent = "✕";
  button.dataset.closeToast = "";
  button.setAttribute("aria-label", "Close");
  box.append(words, button);
  host.append(box);
  if (!isError) leave(box);
}

// Not from under someone's pointer or focus, and not soon while there is something to press.
function leave(box, after = 6000, waited = 0) {
  setTimeout(() => {
    const isUsed = box.matches(":hover, :focus-within") || (box.querySelector("form, a") && waited < 10_000);
    isUsed ? leave(box, 2000, waited + after) : box.remove();
  }, after);
}

document.addEventListener("click", (event) => event.target.closest("[data-close-toast]")?.closest(".toast").remove());
for (const box of document.querySelectorAll(".toast:not(.toast-error)")) leave(box);
