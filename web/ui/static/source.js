// Finds text in a script, line by line.
const field = document.querySelector("[data-in-script]");
if (field) {
  field.closest("label").hidden = false;
  const lines = [...document.querySelectorAll("ol.code li")];
  let at = -1, hits = [];
  const go = (n) => { if (hits.length > 0) { at = (n + hits.length) % hits.length; hits[at].scrollIntoView({ block: "center" }); } };
  field.addEventListener("input", () => {
    const q = field.value.trim().toLowerCase();
    for (const l of lines) l.classList.remove("found");
    hits = q === "" ? [] : lines.filter((l) => l.textContent.toLowerCase().includes(q));
    for (const l of hits) l.classList.add("found");
    go(0);
  });
  field.addEventListener("keydown", (e) => { if (e.key === "Enter") { e.preventDefault(); go(at + (e.shiftKey ? -1 : 1)); } });
}
