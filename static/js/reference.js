// The theme of the API reference: the profile's, else the system's; Swagger UI knows its dark one by a class.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function apply() {
  root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
}

system.addEventListener("change", apply);
apply();
