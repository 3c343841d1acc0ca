// Updates relative times, ages and deadlines; shows local time on hover.
const zone = document.documentElement.dataset.zone || Intl.DateTimeFormat().resolvedOptions().timeZone;
const FAR_S = 30 * 86400; // as in core/templatetags/ui.py: older times stay dates
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", timeZone: zone });

export function compact(seconds) {
  const s = Math.max(0, Math.floor(seconds)), m = Math.floor(s / 60), h = Math.floor(s / 3600), d = Math.floor(s / 86400);
  if (s < 60) return `${s}s`;
  if (m < 60) return `${m}m`;
  if (h < 24) return m % 60 ? `${h}h ${m % 60}m` : `${h}h`;
  return h % 24 && d < 14 ? `${d}d ${h % 24}h` : `${d}d`;
}

function ageText(element, age) {
  if (age >= FAR_S) return (element.dataset.date ??= element.textContent);
  return age < 60 ? "just now" : `${compact(age)} ago`;
}

// Print shows absolute times.
const printing = () => "printing" in document.documentElement.dataset;

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tick() {
  const now = Date.now();
  for (const element of document.querySelectorAll("time[data-time]")) {
    const at = Date.parse(element.dateTime);
    if (!element.dataset.local) {
      element.dataset.local = "1";
      element.title = `${element.title}\n${local.format(at)} ${zone}`;
    }
    const age = (now - at) / 1000;
    if (element.dataset.time === "age") put(element, compact(age));
    if (element.dataset.time === "ago") put(element, printing() ? local.format(at) : ageText(element, age));
  }
  for (const element of document.querySelectorAll("[data-sla]")) {
    const { from, due, label } = element.dataset, left = (Date.parse(due) - now) / 1000;
    const whole = (Date.parse(due) - Date.parse(from)) / 1000;
    element.dataset.state = left <= 0 ? "missed" : left <= whole * 0.2 ? "warn" : "ok";
    put(element.querySelector("[data-sla-words]"), left <= 0 ? `${label} ${compact(-left)} late` : `${label} in ${compact(left)}`);
  }
}

tick();
setInterval(tick, 1000);
document.addEventListener("htmx:afterSwap", tick);
addEventListener("beforeprint", () => { document.documentElement.dataset.printing = ""; tick(); });
addEventListener("afterprint", () => { delete document.documentElement.dataset.printing; tick(); });
