// Service workers require https or localhost.
navigator.serviceWorker?.register("/offline-worker.js").catch(() => {});
