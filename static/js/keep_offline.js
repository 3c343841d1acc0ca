// Browsers have this on https and on localhost only.
navigator.serviceWorker?.register("/offline-worker.js").catch(() => {});
