// Recent commands of the palette, stored in this browser until sign-out.
const KEY = "tocsin:recent", MOST = 6;

export function recent() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list.filter(({ title }) => typeof title === "string") : [];
  } catch {
    return []; // no storage, or invalid data
  }
}

export function remember(title, href = "") {
  const list = [{ title, href }, ...recent().filter((one) => one.title !== title)].slice(0, MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // Storage is full or disabled.
  }
}

export function forget() {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // No storage.
  }
}
