// Offline page: polls every three seconds and reloads once the server is back.
async function look() {
  try {
    if ((await fetch("/livez", { cache: "no-store" })).ok) location.reload();
  } catch {
    // Still unreachable.
  }
}

setInterval(look, 3000);
addEventListener("online", look);
