// Uploads images dropped or pasted into a text to the incident, and inserts their Markdown at the cursor.
import { toast } from "./toast.js";

const KINDS = ["image/png", "image/jpeg", "image/gif", "image/webp"], MAX_BYTES = 10_000_000;
const pictures = (transfer) => [...(transfer?.files ?? [])].filter((one) => one.type.startsWith("image/"));

function csrf() {
  const name = document.querySelector("meta[name=csrf-cookie]")?.content;
  const found = name && document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return found ? found.slice(name.length + 1) : document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

function swap(text, old, made) {
  const at = text.value.indexOf(old);
  if (at < 0) return;
  text.setRangeText(made, at, at + old.length, "preserve");
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

function reason(file) {
  if (!KINDS.includes(file.type)) return "only PNG, JPEG, GIF and WebP pictures can be attached";
  return file.size > MAX_BYTES ? "a picture may have at most 10 MB" : "";
}

async function upload(text, file) {
  const name = (file.name || "picture").replace(/[[\]]/g, " "), waiting = `![uploading ${name}…]()`;
  const refusal = reason(file);
  if (refusal) return toast(`${name} was not attached: ${refusal}.`);
  text.focus();
  text.setRangeText(waiting, text.selectionStart, text.selectionEnd, "end");
  const body = new FormData();
  body.set("file", file, name);
  const headers = { "X-CSRFToken": csrf(), Accept: "application/json" };
  const response = await fetch(text.dataset.attach, { method: "POST", body, headers }).catch(() => null);
  const reply = await response?.json().catch(() => null);
  swap(text, waiting, response?.ok ? reply.markdown : "");
  if (!response?.ok) toast(`${name} was not attached: ${reply?.detail ?? "no connection"}`);
}

function take(event, transfer) {
  const text = event.target.closest?.("textarea[data-attach]"), found = pictures(transfer);
  if (!text || !found.length) return;
  event.preventDefault();
  found.reduce((before, file) => before.then(() => upload(text, file)), Promise.resolve());
}

document.addEventListener("paste", (event) => take(event, event.clipboardData));
document.addEventListener("drop", (event) => take(event, event.dataTransfer));
document.addEventListener("dragover", (event) => event.target.closest?.("textarea[data-attach]") && event.preventDefault());
