// Service worker: caches the offline page with its files and serves it if a page cannot be fetched. FILES[0] is the page.
const STORE = "tocsin-offline";

async function keep() {
  await caches.delete(STORE);
  const store = await caches.open(STORE);
  await store.addAll(self.FILES);
  await self.skipWaiting();
}

async function cached(path) {
  return (await caches.open(STORE)).match(path);
}

async function asked(request, path) {
  try {
    return await fetch(request);
  } catch (failure) {
    const found = await cached(path);
    if (found) return found;
    throw failure;
  }
}

addEventListener("install", (event) => event.waitUntil(keep()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(asked(request, self.FILES[0]));
  else if (self.FILES.includes(pathname)) event.respondWith(asked(request, pathname));
});
