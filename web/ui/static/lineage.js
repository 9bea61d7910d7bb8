// The picture of lineage comes from the server as SVG. This makes it live: pan, zoom, trace, search, open boxes.

const stage = document.querySelector(".picture");

function begin() {
  stage.classList.add("live");
  for (const e of document.querySelectorAll(".zoom, .in-graph, [data-png]")) e.hidden = false;
  const state = { data: null, view: null };
  fit(state);
  panAndZoom(state);
  listen(state);
  document.querySelector("[data-in-graph]").addEventListener("input", (e) => find(state, e.target.value));
  document.querySelector("[data-png]").addEventListener("click", (e) => { e.preventDefault(); png(e.target.href); });
}

const svg = () => stage.querySelector("svg.lineage");

// view: what part of the picture is seen
function show(state, v) {
  state.view = v;
  svg().setAttribute("viewBox", `${v.x} ${v.y} ${v.w} ${v.h}`);
}
function fit(state) {
  const w = +svg().dataset.width, h = +svg().dataset.height, box = stage.getBoundingClientRect();
  const scale = Math.max(w / box.width, h / box.height, 0.8); // never larger than life by much
  const view = { w: box.width * scale, h: box.height * scale };
  show(state, { x: (w - view.w) / 2, y: Math.min(0, (h - view.h) / 2), ...view });
}
function zoom(state, factor, at) {
  const v = state.view, box = stage.getBoundingClientRect();
  const fx = at ? (at.x - box.left) / box.width : 0.5, fy = at ? (at.y - box.top) / box.height : 0.5;
  const w = Math.min(Math.max(v.w * factor, 120), 60000), h = (v.h * w) / v.w;
  show(state, { x: v.x + (v.w - w) * fx, y: v.y + (v.h - h) * fy, w, h });
}
function panAndZoom(state) {
  let from = null;
  stage.addEventListener("pointerdown", (e) => { from = { x: e.clientX, y: e.clientY, view: state.view, moved: false }; });
  stage.addEventListener("pointermove", (e) => {
    if (!from || e.buttons === 0) return;
    const dx = e.clientX - from.x, dy = e.clientY - from.y;
    if (!from.moved && Math.hypot(dx, dy) < 4) return;
    if (!from.moved) { from.moved = true; stage.setPointerCapture(e.pointerId); }
    const scale = from.view.w / stage.clientWidth;
    show(state, { ...from.view, x: from.view.x - dx * scale, y: from.view.y - dy * scale });
  });
  stage.addEventListener("pointerup", () => { state.dragged = from?.moved; from = null; });
  stage.addEventListener("wheel", (e) => { e.preventDefault(); zoom(state, Math.exp(e.deltaY * 0.0015), { x: e.clientX, y: e.clientY }); }, { passive: false });
  for (const b of document.querySelectorAll("[data-zoom]")) b.addEventListener("click", () => zoomTo(state, b.dataset.zoom));
}
function zoomTo(state, how) {
  if (how === "fit") fit(state); else zoom(state, how === "in" ? 0.8 : 1.25);
}

// what the reader does in the picture
function listen(state) {
  stage.addEventListener("click", (e) => { if (!state.dragged) pick(state, e.target); });
  stage.addEventListener("mouseover", (e) => trace(e.target.closest("[data-key], .link")));
  stage.addEventListener("mouseleave", () => trace(null));
  stage.addEventListener("focusin", (e) => trace(e.target.closest("[data-key], .link")));
  stage.addEventListener("keydown", (e) => {
    if (e.key === "Enter" || e.key === " ") { e.preventDefault(); pick(state, e.target); return; }
    const v = state.view, step = v.w / 8;
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[e.key];
    if (move) { e.preventDefault(); show(state, { ...v, x: v.x + move[0], y: v.y + move[1] }); }
    if (e.key === "+" || e.key === "=") zoom(state, 0.8);
    if (e.key === "-") zoom(state, 1.25);
    if (e.key === "0") fit(state);
  });
}
async function pick(state, target) {
  const toggle = target.closest(".toggle"), link = target.closest(".link"), thing = target.closest("[data-key]");
  if (toggle) return toggleBox(state, toggle.closest("[data-box]").dataset.box);
  state.data ??= await (await fetch(stage.dataset.data)).json();
  if (link) return tellEdges(state, link.dataset.edges.split(",").map(Number));
  if (thing?.dataset.key) return tellNode(state, thing.dataset.key);
}

// opening and closing a box: the server lays out anew, and the address says so
async function toggleBox(state, id) {
  const page = new URL(location.href);
  const open = new Set(page.searchParams.getAll("open"));
  if (!open.delete(id)) open.add(id);
  page.searchParams.delete("open");
  for (const o of open) page.searchParams.append("open", o);
  const answer = await fetch("/lineage/picture" + page.search);
  if (!answer.ok) return;
  const before = svg().querySelector(`[data-box="${CSS.escape(id)}"]`).getBoundingClientRect();
  stage.innerHTML = await answer.text();
  history.replaceState(null, "", page);
  show(state, state.view);
  const box = svg().querySelector(`[data-box="${CSS.escape(id)}"]`);
  const after = box.getBoundingClientRect(), scale = state.view.w / stage.clientWidth; // what was clicked stays under the pointer
  show(state, { ...state.view, x: state.view.x + (after.left - before.left) * scale, y: state.view.y + (after.top - before.top) * scale });
  box.querySelector(".toggle")?.focus({ preventScroll: true });
}

// highlights all that flows into and out of what the pointer is on
function trace(e) {
  const root = svg();
  for (const on of root.querySelectorAll(".on")) on.classList.remove("on");
  root.classList.toggle("traced", Boolean(e));
  if (!e) return;
  const links = [...root.querySelectorAll(".link")], ends = e.matches(".link") ? [] : spots(e);
  const lit = new Set(ends);
  if (e.matches(".link")) { e.classList.add("on"); walk(links, [e.dataset.from], "to", "from", lit); walk(links, [e.dataset.to], "from", "to", lit); }
  else { walk(links, ends, "to", "from", lit); walk(links, ends, "from", "to", lit); }
  for (const box of root.querySelectorAll("[data-box]")) {
    const rows = [...box.querySelectorAll(".row")].filter((r) => lit.has(r.dataset.key));
    if (lit.has(box.dataset.box) || rows.length > 0) box.classList.add("on");
    for (const r of rows) r.classList.add("on");
  }
}
function spots(e) {
  if (e.matches(".row")) return [e.dataset.key];
  return [e.dataset.box, ...[...e.querySelectorAll(".row")].map((r) => r.dataset.key)];
}
function walk(links, starts, near, far, lit) {
  const next = [...starts];
  for (const s of starts) lit.add(s);
  const seen = new Set();
  while (next.length > 0) {
    const at = next.pop();
    if (seen.has(at)) continue;
    seen.add(at);
    for (const l of links) if (l.dataset[near] === at) { l.classList.add("on"); lit.add(l.dataset[far]); next.push(l.dataset[far]); }
  }
}

function find(state, text) {
  const q = text.trim().toLowerCase();
  for (const f of svg().querySelectorAll(".found")) f.classList.remove("found");
  if (q === "") return;
  const hits = [...svg().querySelectorAll(".box, .row")].filter((e) => (e.getAttribute("aria-label") ?? "").toLowerCase().includes(q));
  for (const h of hits) h.classList.add("found");
  const rect = hits[0]?.querySelector("rect");
  if (rect) show(state, { ...state.view, x: +rect.getAttribute("x") - state.view.w / 3, y: +rect.getAttribute("y") - state.view.h / 2 });
}

// the side panel
function el(name, props = {}, ...children) {
  const e = Object.assign(document.createElement(name), props);
  e.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
  return e;
}
function fact(list, name, value) { if (value) list.append(el("dt", { textContent: name }), el("dd", { dir: "auto" }, value)); }
const panel = () => document.querySelector(".panel");
const pageOf = (path, key) => `${path}?key=${encodeURIComponent(key)}`;

function tellNode(state, key) {
  const n = state.data.nodes.find((x) => x.key === key) ?? { key, name: key, kind: "" };
  const facts = el("dl");
  fact(facts, "Kind", n.kind.replaceAll("_", " "));
  fact(facts, "Key", el("code", { textContent: n.key }));
  fact(facts, "Connection", n.connection);
  for (const [name, value] of Object.entries(n.attributes ?? {})) fact(facts, name, typeof value === "string" ? value : JSON.stringify(value));
  const links = el("p", { className: "row" }, el("a", { className: "button", href: pageOf("/lineage", n.key), textContent: "Begin here" }));
  if (!n.key.startsWith("dataset:")) links.append(el("a", { className: "button", href: pageOf("/open", n.key), textContent: "Open" }));
  panel().replaceChildren(el("h2", { textContent: n.name, dir: "auto" }), facts, links);
}
function tellEdges(state, numbers) {
  const parts = numbers.slice(0, 50).map((i) => edge(state.data.edges[i])).filter(Boolean);
  const more = numbers.length - parts.length;
  panel().replaceChildren(el("h2", { textContent: numbers.length === 1 ? "One edge" : `${numbers.length} edges` }), ...parts, more > 0 ? el("p", { textContent: `and ${more} more` }) : "");
}
function edge(e) {
  if (!e) return null;
  const facts = el("dl");
  fact(facts, "From", el("a", { href: pageOf("/lineage", e.from_key), textContent: e.from_key }));
  fact(facts, "To", el("a", { href: pageOf("/lineage", e.to_key), textContent: e.to_key }));
  fact(facts, "How", `${e.how}, ${e.level}`);
  fact(facts, "Told by", e.origin + (e.author ? ` (${e.author})` : ""));
  fact(facts, "Confidence", String(Math.round((e.confidence ?? 0) * 100)) + " %");
  fact(facts, "Reason", e.reason);
  if (e.source_key) {
    const where = [e.tab, e.line ? `line ${e.line}` : ""].filter(Boolean).join(", ") || "open";
    fact(facts, "Where", el("a", { href: pageOf("/open", e.source_key) + (e.line ? `#L${e.line}` : ""), textContent: where }));
  }
  if (e.statement) fact(facts, "Statement", el("pre", { textContent: e.statement }));
  return el("div", { className: "edge" }, facts);
}

async function png(href) {
  const text = await (await fetch(href)).text();
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  await image.decode();
  const scale = Math.min(2, 8000 / Math.max(image.width, image.height));
  const canvas = el("canvas", { width: image.width * scale, height: image.height * scale });
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = "#fff";
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.drawImage(image, 0, 0, canvas.width, canvas.height);
  el("a", { href: canvas.toDataURL("image/png"), download: "lineage.png" }).click();
}

if (stage) begin();
