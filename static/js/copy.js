// A button that copies what it names.
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
