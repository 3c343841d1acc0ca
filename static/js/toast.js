// Toasts: messages disappear after a while; errors stay until closed.
// message: text. isError: stays until closed.
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

// Stays while hovered or focused, and longer if it has a button.
function leave(box, after = 6000, waited = 0) {
  setTimeout(() => {
    const isUsed = box.matches(":hover, :focus-within") || (box.querySelector("form, a") && waited < 10_000);
    isUsed ? leave(box, 2000, waited + after) : box.remove();
  }, after);
}

document.addEventListener("click", (event) => event.target.closest("[data-close-toast]")?.closest(".toast").remove());
for (const box of document.querySelectorAll(".toast:not(.toast-error)")) leave(box);
