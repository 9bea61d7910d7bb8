// The catalog's tree: branches are fetched and opened in place. Without this module each opens on a page of its own.

async function toggle(twist) {
  const item = twist.closest("li");
  const below = item.querySelector(":scope > ul");
  if (below) {
    below.hidden = twist.getAttribute("aria-expanded") === "true";
    twist.setAttribute("aria-expanded", String(!below.hidden));
    return;
  }
  twist.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch("/catalog/branch" + new URL(twist.href).search);
    if (!answer.ok) throw new Error(answer.statusText);
    if (!item.querySelector(":scope > ul")) item.insertAdjacentHTML("beforeend", await answer.text());
    twist.setAttribute("aria-expanded", "true");
  } catch {
    location.href = twist.href;
  } finally {
    twist.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (e) => {
  const twist = e.target.closest("a.twist");
  if (!twist || e.ctrlKey || e.metaKey || e.shiftKey) return;
  e.preventDefault();
  toggle(twist);
});

// Arrows go from branch to branch, open and close them.
document.addEventListener("keydown", (e) => {
  const at = e.target.closest?.(".branches a");
  if (!at || !["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"].includes(e.key)) return;
  e.preventDefault();
  const line = at.closest(".line");
  const twist = line.querySelector(".twist");
  const open = twist?.getAttribute("aria-expanded") === "true";
  if (e.key === "ArrowRight" && twist && !open || e.key === "ArrowLeft" && twist && open) return toggle(twist);
  if (e.key === "ArrowLeft") return line.closest("ul").closest("li")?.querySelector(":scope > .line > a:last-of-type")?.focus();
  const links = [...document.querySelectorAll(".branches .line > a:not(.twist)")].filter((a) => a.offsetParent);
  const here = links.indexOf(line.querySelector("a:not(.twist)"));
  links[here + (e.key === "ArrowUp" ? -1 : 1)]?.focus();
});
