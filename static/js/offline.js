// The page shown while Tocsin is unreachable asks for it every three seconds and opens what was wanted.
async function look() {
  try {
    if ((await fetch("/livez", { cache: "no-store" })).ok) location.reload();
  } catch {
    // Still away.
  }
}

setInterval(look, 3000);
addEventListener("online", look);
