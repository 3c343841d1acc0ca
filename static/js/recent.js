// What was last taken from the palette, in this browser, until its person signs out.
const KEY = "tocsin:recent", MOST = 6;

export function recent() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list.filter(({ title }) => typeof title === "string") : [];
  } catch {
    return []; // no storage, or not ours
  }
}

export function remember(title, href = "") {
  const list = [{ title, href }, ...recent().filter((one) => one.title !== title)].slice(0, MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // Full or switched off: nothing is remembered.
  }
}

export function forget() {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was remembered.
  }
}
