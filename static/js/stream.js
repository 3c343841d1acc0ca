// One event stream per browser, since browsers limit connections to six per site: the tab with the lock listens and
// broadcasts to the others. Without locks or channels (http to a remote host) each tab has its own stream.
const NAME = "tocsin-live", MOST = 90, FROZEN = 20_000, LONGEST_PAUSE = 15_000;
const shares = "locks" in navigator && "BroadcastChannel" in window;
const me = Math.random().toString(36).slice(2);
const wanted = new Map(); // tab -> its topics
let mine = [], on, channel, release, queued, source, next, timer;
let isLeading = false, isLost = false, pause = 1000, leaderHeard = Date.now();

// topics: this tab's. on: beat(), signal(topics), open(isLost).
export function start(topics, handlers) {
  [mine, on, leaderHeard] = [topics, handlers, Date.now()];
  wanted.set(me, mine);
  if (!shares) return connect(mine);
  channel = new BroadcastChannel(NAME);
  channel.onmessage = ({ data }) => (isLeading ? serve(data) : follow(data));
  say({ kind: "want", topics: mine });
  queue();
}

export function stop() {
  say({ kind: "gone" });
  queued?.abort();
  release?.();
  hangUp();
  channel?.close();
  channel = null;
}

// A visible tab without messages takes over, since the listening tab may be frozen.
export function checkLeader() {
  if (!shares || isLeading || !channel || document.hidden || Date.now() - leaderHeard < FROZEN) return;
  leaderHeard = Date.now();
  queued?.abort();
  queue({ steal: true });
}

function queue(options) {
  queued = new AbortController();
  navigator.locks.request(NAME, options ?? { signal: queued.signal }, lead).catch(() => {
    if (!isLeading) return; // released by this tab
    isLeading = false; // taken over by a tab in use
    hangUp();
    queue();
  });
}

function lead() {
  isLeading = true;
  say({ kind: "roll" });
  connectSoon();
  return new Promise((done) => {
    release = () => {
      isLeading = false;
      done();
    };
  });
}

function say(message) {
  channel?.postMessage({ ...message, from: me });
}

function follow({ kind, topics, isLost: wasLost, to }) {
  if (kind === "want" || kind === "gone") return;
  leaderHeard = Date.now();
  if (kind === "roll") say({ kind: "want", topics: mine });
  if (kind === "beat") on.beat();
  if (kind === "signal") on.signal(topics);
  if (kind === "open") on.open(wasLost);
  if (kind === "full" && to === me && !source) connect(mine);
}

function serve({ kind, from, topics }) {
  if (kind === "gone") wanted.delete(from);
  if (kind !== "want") return;
  wanted.set(from, topics);
  if (union().length > MOST) {
    wanted.delete(from);
    say({ kind: "full", to: from });
  } else if (!topics.every((topic) => source?.topics?.includes(topic))) connectSoon();
  else if (source.readyState === EventSource.OPEN) say({ kind: "beat" });
}

const union = () => [...new Set([...wanted.values()].flat())].sort();

function connectSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => connect(union()), source ? 60 : 0);
}

function hangUp() {
  clearTimeout(timer);
  source?.close();
  next?.close();
  source = next = undefined;
}

function relay(kind, detail = {}) {
  if (isLeading) say({ kind, ...detail });
}

// Opens the next stream before closing the last one, so that no event is lost.
function connect(topics) {
  next?.close();
  const stream = (next = new EventSource(`/live?topics=${encodeURIComponent(topics.join(","))}`));
  stream.topics = topics;
  stream.addEventListener("beat", () => {
    relay("beat");
    on.beat();
  });
  stream.addEventListener("signal", ({ data }) => {
    const heard = JSON.parse(data).topics;
    relay("signal", { topics: heard });
    on.signal(heard);
  });
  stream.onopen = () => opened(stream);
  stream.onerror = () => failed(stream, topics);
}

function opened(stream) {
  if (stream !== source) source?.close();
  source = stream;
  if (next === stream) next = undefined;
  relay("open", { isLost });
  on.open(isLost); // lost: events may have been missed
  isLost = false;
  pause = 1000;
}

function failed(stream, topics) {
  isLost = true;
  relay("trying");
  if (stream.readyState !== EventSource.CLOSED) return; // the browser reconnects
  if (next === stream) next = undefined;
  clearTimeout(timer);
  timer = setTimeout(() => connect(isLeading ? union() : topics), pause + Math.random() * 500);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}
