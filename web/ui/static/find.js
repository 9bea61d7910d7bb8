// Suggestions under the search field, as one types. The server makes them as HTML (/search/suggest).

const pause = 120; // milliseconds without a key before the server is asked

export function suggest(input) {
  const box = document.createElement("div");
  box.className = "suggestions";
  box.id = "suggestions-" + document.querySelectorAll(".suggestions").length;
  box.hidden = true;
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", "Suggestions");
  input.after(box);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", box.id);

  let timer, asked;
  const show = (html) => {
    box.innerHTML = html;
    box.hidden = html.trim() === "";
    input.setAttribute("aria-expanded", String(!box.hidden));
  };
  const ask = async () => {
    const q = input.value.trim();
    asked?.abort();
    if (q.length < 2) return show("");
    asked = new AbortController();
    try {
      const answer = await fetch("/search/suggest?q=" + encodeURIComponent(q), { signal: asked.signal });
      if (answer.ok) show(await answer.text());
    } catch (e) {
      if (e.name !== "AbortError") show("");
    }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, pause); });
  input.addEventListener("keydown", (e) => move(e, input, box, show));
  box.addEventListener("keydown", (e) => move(e, input, box, show));
  document.addEventListener("click", (e) => { if (!input.parentElement.contains(e.target)) show(""); });
}

function move(e, input, box, hide) {
  if (e.key === "Escape") { hide(""); input.focus(); return; }
  if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
  const links = [...box.querySelectorAll("a")];
  if (links.length === 0) return;
  e.preventDefault();
  const at = links.indexOf(document.activeElement) + (e.key === "ArrowDown" ? 1 : -1);
  if (at < 0) input.focus(); else links[Math.min(at, links.length - 1)].focus();
}
