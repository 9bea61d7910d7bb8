// The picture of lineage comes from the server as SVG. This makes it live: pan, zoom, trace, search, open boxes.

const stage = document.querySelector(".picture");

function begin() {
  stage.classList.add("live");
  const state = { data: null, view: null, ways: waysOf(), hits: [], at: -1 };
  first(state);
  panAndZoom(state);
  listen(state);
  const search = document.querySelector("[data-in-graph]");
  search.addEventListener("input", () => find(state, search.value));
  search.addEventListener("keydown", (e) => { if (e.key === "Enter") { e.preventDefault(); nextHit(state, e.shiftKey ? -1 : 1); } });
  tellLinked(state);
  window.addEventListener("hashchange", () => tellLinked(state));
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
// the first view: all of it, or, where that could not be read, what was asked for with what is around it
function first(state) {
  fit(state);
  const focus = svg().querySelector(".focus > rect"), readable = 1.6, small = 2.4; // units of the picture to a pixel
  if (!focus || state.view.w / stage.clientWidth <= small) return;
  const w = stage.clientWidth * readable, h = stage.clientHeight * readable, total = +svg().dataset.width;
  const x = +focus.getAttribute("x") + 108 - w / 2, y = +focus.getAttribute("y") + 22 - h / 2;
  show(state, { x: Math.min(Math.max(x, 0), Math.max(0, total - w)), y, w, h });
}
const widthWithin = (w) => Math.min(Math.max(w, 120), 60000); // of what is seen, in units of the picture
function zoom(state, factor, at) {
  const v = state.view, box = stage.getBoundingClientRect();
  const fx = at ? (at.x - box.left) / box.width : 0.5, fy = at ? (at.y - box.top) / box.height : 0.5;
  const w = widthWithin(v.w * factor), h = (v.h * w) / v.w;
  show(state, { x: v.x + (v.w - w) * fx, y: v.y + (v.h - h) * fy, w, h });
}
// One finger, or the mouse, moves the picture; two zoom it, and what is between them stays there.
function panAndZoom(state) {
  const down = new Map(); // the pointers that are down, by id: where they are
  let from = null; // where everything was when their number last changed
  const begin = () => { from = down.size === 0 ? null : { view: state.view, ...grip(down) }; };
  stage.addEventListener("pointerdown", (e) => {
    if (down.size === 0) state.dragged = false;
    if (down.size < 2) down.set(e.pointerId, { x: e.clientX, y: e.clientY });
    begin();
  });
  stage.addEventListener("pointermove", (e) => {
    if (!down.has(e.pointerId)) return;
    if (e.buttons === 0) return lift(e); // it was let go elsewhere
    down.set(e.pointerId, { x: e.clientX, y: e.clientY });
    const now = grip(down);
    if (!state.dragged && down.size === 1 && Math.hypot(now.x - from.x, now.y - from.y) < 4) return;
    state.dragged = true;
    stage.setPointerCapture(e.pointerId);
    follow(state, from, now);
  });
  const lift = (e) => { if (down.delete(e.pointerId)) begin(); };
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);
  stage.addEventListener("wheel", (e) => { e.preventDefault(); zoom(state, Math.exp(e.deltaY * 0.0015), { x: e.clientX, y: e.clientY }); }, { passive: false });
  for (const b of document.querySelectorAll("[data-zoom]")) b.addEventListener("click", () => zoomTo(state, b.dataset.zoom));
}
// the middle between the pointers, and how far they are apart
function grip(down) {
  const [a, b = a] = down.values();
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
}
// shows what was at the grip then where the grip is now
function follow(state, then, now) {
  const box = stage.getBoundingClientRect(), v = then.view;
  const factor = then.apart > 0 && now.apart > 0 ? then.apart / now.apart : 1;
  const w = widthWithin(v.w * factor), h = (v.h * w) / v.w;
  const x = v.x + ((then.x - box.left) / box.width) * v.w, y = v.y + ((then.y - box.top) / box.height) * v.h;
  show(state, { x: x - ((now.x - box.left) / box.width) * w, y: y - ((now.y - box.top) / box.height) * h, w, h });
}
function zoomTo(state, how) {
  if (how === "fit") fit(state); else zoom(state, how === "in" ? 0.8 : 1.25);
}

// what the reader does in the picture
function listen(state) {
  stage.addEventListener("click", (e) => { if (!state.dragged) pick(state, e.target); });
  stage.addEventListener("mouseover", (e) => trace(state, e.target.closest(".row, .box, .link")));
  stage.addEventListener("mouseleave", () => trace(state, null));
  stage.addEventListener("focusin", (e) => { reveal(state, e.target); trace(state, e.target.closest(".row, .box, .link")); });
  stage.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
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
  const toggle = target.closest(".toggle"), more = target.closest(".more"), link = target.closest(".link"), thing = target.closest(".row, .box");
  if (toggle) return toggleBox(state, toggle.closest(".box").dataset.box);
  if (more) return followBox(state, more.closest(".box").dataset.box);
  if (!link && !thing?.dataset.key) return;
  await load(state);
  if (link) return tellEdges(state, link.dataset.edges.split(",").map(Number));
  tellNode(state, thing.dataset.key);
  history.replaceState(null, "", "#at=" + encodeURIComponent(thing.dataset.key));
}
// a deep link says what the panel shows: #at=KEY
function tellLinked(state) {
  const key = new URLSearchParams(location.hash.slice(1)).get("at");
  if (key) load(state).then(() => tellNode(state, key));
}
async function load(state) { state.data ??= await (await fetch(stage.dataset.data)).json(); }

// brings what has the focus into sight
function reveal(state, e) {
  const rect = e.querySelector?.("rect");
  if (!rect) return;
  const x = +rect.getAttribute("x"), y = +rect.getAttribute("y"), v = state.view;
  const dx = x < v.x ? x - 20 - v.x : Math.max(0, x + 240 - v.x - v.w), dy = y < v.y ? y - 20 - v.y : Math.max(0, y + 60 - v.y - v.h);
  if (dx !== 0 || dy !== 0) show(state, { ...v, x: v.x + dx, y: v.y + dy });
}

// opening and closing a box: the server lays out anew, and the address says so
async function toggleBox(state, id) {
  const page = new URL(location.href);
  const open = new Set(page.searchParams.getAll("open"));
  if (!open.delete(id)) open.add(id);
  page.searchParams.delete("open");
  for (const o of open) page.searchParams.append("open", o);
  const box = await redraw(state, page, id);
  box?.querySelector(".toggle")?.focus({ preventScroll: true });
}

// following a box at the edge of the picture: the server adds its neighbors, and says what came
async function followBox(state, id) {
  const page = new URL(location.href);
  page.searchParams.append("more", id);
  svg().classList.add("following");
  const box = await redraw(state, page, id);
  svg().classList.remove("following");
  const note = document.querySelector("p[data-note]");
  note.textContent = box ? svg().dataset.note ?? "" : "That didn't work: try again, or begin at the box.";
  if (!box) return;
  state.data = null;
  stage.dataset.data = "/lineage/data" + page.search;
  for (const a of document.querySelectorAll("a[href^='/lineage/picture'], a[href^='/lineage/data']")) a.search = page.search + "&alone=1";
  box.querySelector(".face")?.focus({ preventScroll: true });
}

// shows the picture of an address; the box that was clicked stays where it is. Nothing, if the server can't draw it.
async function redraw(state, page, id) {
  const answer = await fetch("/lineage/picture" + page.search).catch(() => null);
  if (!answer?.ok) return null;
  const find = () => svg().querySelector(`[data-box="${CSS.escape(id)}"]`);
  const before = find().getBoundingClientRect();
  stage.innerHTML = await answer.text();
  state.ways = waysOf();
  history.replaceState(null, "", page);
  show(state, state.view);
  const box = find(), after = box.getBoundingClientRect(), scale = state.view.w / stage.clientWidth;
  show(state, { ...state.view, x: state.view.x + (after.left - before.left) * scale, y: state.view.y + (after.top - before.top) * scale });
  return box;
}

// the links of the picture, by each of their ends
function waysOf() {
  const into = new Map(), outOf = new Map();
  const add = (map, key, link) => { if (map.has(key)) map.get(key).push(link); else map.set(key, [link]); };
  for (const l of svg().querySelectorAll(".link")) { add(outOf, l.dataset.from, l); add(into, l.dataset.to, l); }
  return { into, outOf };
}

// highlights all that flows into and out of what the pointer is on
function trace(state, e) {
  const root = svg();
  for (const on of root.querySelectorAll(".on")) on.classList.remove("on");
  root.classList.toggle("traced", Boolean(e));
  if (!e) return;
  const lit = new Set(), { into, outOf } = state.ways;
  if (e.matches(".link")) {
    e.classList.add("on");
    walk(into, "from", [e.dataset.from], lit);
    walk(outOf, "to", [e.dataset.to], lit);
  } else {
    walk(into, "from", spots(e), lit);
    walk(outOf, "to", spots(e), lit);
  }
  for (const box of root.querySelectorAll(".box")) {
    const rows = [...box.querySelectorAll(".row")].filter((r) => lit.has(r.dataset.key));
    if (lit.has(box.dataset.box) || rows.length > 0) box.classList.add("on");
    for (const r of rows) r.classList.add("on");
  }
}
function spots(e) {
  if (e.matches(".row")) return [e.dataset.key];
  return [e.dataset.box, ...[...e.querySelectorAll(".row")].map((r) => r.dataset.key)];
}
function walk(ways, far, starts, lit) {
  const next = [...starts], seen = new Set();
  while (next.length > 0) {
    const at = next.pop();
    if (seen.has(at)) continue;
    seen.add(at);
    lit.add(at);
    for (const l of ways.get(at) ?? []) { l.classList.add("on"); next.push(l.dataset[far]); }
  }
}

function find(state, text) {
  const q = text.trim().toLowerCase(), count = document.querySelector("[data-found]");
  for (const f of svg().querySelectorAll(".found")) f.classList.remove("found");
  state.hits = q === "" ? [] : [...svg().querySelectorAll(".face, .row")].filter((e) => e.querySelector("title").textContent.toLowerCase().includes(q));
  for (const h of state.hits) (h.closest(".row") ?? h.closest(".box")).classList.add("found");
  count.textContent = q === "" ? "" : `(${state.hits.length})`;
  state.at = -1;
  nextHit(state, 1);
}
function nextHit(state, step) {
  if (state.hits.length === 0) return;
  state.at = (state.at + step + state.hits.length) % state.hits.length;
  const rect = state.hits[state.at].querySelector("rect");
  show(state, { ...state.view, x: +rect.getAttribute("x") - state.view.w / 3, y: +rect.getAttribute("y") - state.view.h / 2 });
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
  // a table of which only columns are known is called what its box is called
  const n = state.data.nodes.find((x) => x.key === key) ?? { key, name: svg().querySelector(`[data-key="${CSS.escape(key)}"] title`)?.textContent.split("\n")[0] ?? key, kind: "" };
  const facts = el("dl");
  fact(facts, "Kind", n.kind.replaceAll("_", " "));
  fact(facts, "Key", el("code", { textContent: n.key }));
  fact(facts, "Connection", n.connection);
  for (const [name, value] of Object.entries(n.attributes ?? {})) fact(facts, name, typeof value === "string" ? value : JSON.stringify(value));
  const links = el("p", { className: "row" }, el("a", { className: "button", href: pageOf("/lineage", n.key), textContent: "Begin here" }));
  if (!n.key.startsWith("dataset:")) links.append(el("a", { className: "button", href: pageOf("/open", n.key), textContent: "Open" }));
  const asked = new URLSearchParams(location.search).get("key");
  if (asked !== n.key) links.append(el("a", { className: "button", href: `${pageOf("/lineage", asked)}&to=${encodeURIComponent(n.key)}&depth=0`, textContent: "Only the way here" }));
  if ("mayEdit" in stage.dataset) links.append(el("a", { className: "button", href: `/lineage/edges?to=${encodeURIComponent(n.key)}#say`, textContent: "Add an edge" }));
  panel().replaceChildren(el("h2", { textContent: n.name, dir: "auto" }), facts, links, ...flows(state, n.key, "to_key", "from_key", "Flows in from"), ...flows(state, n.key, "from_key", "to_key", "Flows out to"));
}

// the edges at one end of a node and its columns, as a list; each leads to what is known of it
function flows(state, key, near, far, title) {
  const own = (k) => k === key || k.startsWith(key + "#");
  const found = state.data.edges.map((e, i) => [e, i]).filter(([e]) => own(e[near]) && !own(e[far]));
  if (found.length === 0) return [];
  const names = new Map(state.data.nodes.map((n) => [n.key, n.name]));
  const ends = new Map();
  for (const [e, i] of found) ends.set(e[far], [...(ends.get(e[far]) ?? []), i]);
  const items = [...ends].slice(0, 40).map(([k, numbers]) => {
    const button = el("button", { type: "button", textContent: names.get(k) ?? k, title: k, dir: "auto" });
    button.addEventListener("click", () => tellEdges(state, numbers));
    return el("li", {}, button);
  });
  return [el("h3", { textContent: `${title} (${ends.size})` }), el("ul", { className: "flows" }, ...items)];
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
  return el("div", { className: "edge" }, facts, edit(e));
}

// what who may edit can do about an edge: change or remove what a person said, deny what the program read
function edit(e) {
  if (!("mayEdit" in stage.dataset)) return null;
  const ends = `from=${encodeURIComponent(e.from_key)}&to=${encodeURIComponent(e.to_key)}`;
  if (e.origin !== "manual") return el("p", {}, el("a", { className: "button", href: `/lineage/edges?${ends}&denied=1#say`, textContent: "That isn't so …" }));
  const remove = el("form", { method: "post", action: "/lineage/edges/remove" },
    el("input", { type: "hidden", name: "from", value: e.from_key }), el("input", { type: "hidden", name: "to", value: e.to_key }), el("button", { className: "danger", textContent: "Remove" }));
  remove.dataset.ask = "Remove this edge?";
  return el("div", { className: "row" }, el("a", { className: "button", href: `/lineage/edges?${ends}#say`, textContent: "Change" }), remove);
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
