// What every page has: local times, the search key, menus that close. Pages work without it.
import { suggest } from "./find.js";

/** Puts the reader's own zone into the title of each time under root. */
export function localTimes(root = document) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  for (const t of root.querySelectorAll("time[datetime]")) {
    const at = new Date(t.dateTime);
    if (!Number.isNaN(at.valueOf())) t.title = format.format(at);
  }
}

function closeMenus(except) {
  for (const m of document.querySelectorAll("details.menu[open]")) if (m !== except) m.open = false;
}

function onKey(e) {
  const typing = e.target.closest("input, textarea, select, [contenteditable]");
  if (e.key === "Escape") closeMenus();
  if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) {
    const find = document.querySelector("[data-find]");
    if (find) { e.preventDefault(); find.focus(); find.select(); }
  }
}

localTimes();
document.addEventListener("keydown", onKey);
document.addEventListener("click", (e) => closeMenus(e.target.closest("details.menu")));
for (const input of document.querySelectorAll("[data-find]")) suggest(input);
// Forms that ask before they do what can't be undone: <form data-ask="Really?">.
document.addEventListener("submit", (e) => {
  const ask = e.target.dataset.ask;
  if (ask && !window.confirm(ask)) e.preventDefault();
});
