// Finds text in a script, line by line, and goes from gap to gap.
const lines = [...document.querySelectorAll("ol.code li")];
const show = (line) => line.scrollIntoView({ block: "center" });

const field = document.querySelector("[data-in-script]");
if (field && lines.length > 0) {
  const told = document.querySelector("[data-found]");
  let at = -1, hits = [];
  const go = (n) => {
    if (hits.length > 0) { at = (n + hits.length) % hits.length; show(hits[at]); }
    told.textContent = field.value.trim() === "" ? "" : hits.length === 0 ? "· not there" : `· ${at + 1} of ${hits.length}`;
  };
  field.addEventListener("input", () => {
    const q = field.value.trim().toLowerCase();
    for (const l of lines) l.classList.remove("found");
    hits = q === "" ? [] : lines.filter((l) => l.querySelector("code").textContent.toLowerCase().includes(q));
    for (const l of hits) l.classList.add("found");
    go(0);
  });
  field.addEventListener("keydown", (e) => { if (e.key === "Enter") { e.preventDefault(); go(at + (e.shiftKey ? -1 : 1)); } });
}

const next = document.querySelector("[data-next-gap]");
const gaps = lines.filter((l) => l.classList.contains("unclear"));
if (next && gaps.length > 0) {
  let gap = -1;
  next.addEventListener("click", () => { gap = (gap + 1) % gaps.length; show(gaps[gap]); });
}
