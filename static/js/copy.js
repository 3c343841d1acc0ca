// Copy buttons.
import { toast } from "./toast.js";

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    const words = button.querySelector("[data-copy-words]");
    if (words) words.textContent = "Copied";
    setTimeout(() => words && (words.textContent = "Copy"), 2000);
  } catch {
    toast("The browser blocked copying. Select the text and copy it manually.", true);
  }
});

// Adds a copy button to code blocks.
function addButtons(root) {
  for (const pre of root.querySelectorAll(".prose pre:not(.pre-box > pre)")) {
    const box = document.createElement("div"), button = document.createElement("button"), words = document.createElement("span");
    box.className = "pre-box";
    button.type = "button";
    button.className = "button button-small";
    button.dataset.copy = pre.textContent;
    words.dataset.copyWords = "";
    words.textContent = "Copy";
    button.append(words);
    pre.replaceWith(box);
    box.append(pre, button);
  }
}
addButtons(document);
document.addEventListener("htmx:afterSwap", ({ detail }) => addButtons(detail.target));
