// The form of a connection: shows what the chosen login needs, checks the site step by step, and lets it be
// saved once the check has passed. Without it everything is there, and the server says what is wrong.

const form = document.querySelector("form[data-connection]");
const recheck = document.querySelector("form[data-recheck]");
const box = document.querySelector("[data-check].check-result");

/** Reads server-sent events of a POST, which EventSource can't make. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    let end;
    while ((end = rest.indexOf("\n\n")) >= 0) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/s.exec(rest.slice(0, end)) ?? [];
      rest = rest.slice(end + 2);
      if (name) yield { name, data: JSON.parse(data) };
    }
  }
}

function sayFaults(texts) {
  const at = document.querySelector("[data-faults]");
  at.replaceChildren();
  if (texts.length === 0) return;
  const note = Object.assign(document.createElement("div"), { className: "note bad" });
  note.setAttribute("role", "alert");
  const list = document.createElement("ul");
  for (const t of texts) list.append(Object.assign(document.createElement("li"), { textContent: t }));
  note.append(list);
  at.append(note);
}

/** Goes to the site and shows each step as it ends; true: the check passed. */
async function check(url, body) {
  const steps = box.querySelector(".steps"), verdict = box.querySelector(".verdict"), running = box.querySelector(".running");
  steps.replaceChildren();
  verdict.replaceChildren();
  sayFaults([]);
  box.hidden = false;
  running.hidden = false;
  let ok = false, ended = false;
  try {
    const response = await fetch(url, { method: "POST", body, headers: { Accept: "text/event-stream" } });
    if (!response.ok) {
      box.hidden = true;
      if (!(response.headers.get("Content-Type") ?? "").includes("json")) throw new Error("status " + response.status);
      return { ok: false, refused: await response.json() };
    }
    for await (const e of events(response)) {
      if (e.name === "step") steps.insertAdjacentHTML("beforeend", e.data);
      if (e.name === "result") { ok = e.data.ok; ended = true; verdict.innerHTML = e.data.html; }
    }
    if (!ended) throw new Error("it broke off");
  } catch {
    sayFaults(["The check could not be made to its end. Reload the page, or try again."]);
  } finally {
    running.hidden = true;
  }
  return { ok };
}

function fieldsOf(f) { return [...f.querySelectorAll("[data-field]")]; }

function sayErrors(refused) {
  const general = [...refused.general];
  for (const field of fieldsOf(form)) {
    const texts = refused.fields[field.dataset.field] ?? [], error = field.querySelector(".error");
    field.classList.toggle("wrong", texts.length > 0);
    if (error) { error.textContent = texts.join(" "); error.hidden = texts.length === 0; }
    if (texts.length > 0) field.closest("details")?.setAttribute("open", "");
  }
  sayFaults(general);
  (form.querySelector(".field.wrong input, .field.wrong select, .field.wrong textarea") ?? document.querySelector("[data-faults]")).focus?.();
}

function connectionForm() {
  const login = form.elements.authentication, save = form.querySelectorAll("[data-save]"), anyway = form.querySelector("[data-anyway]");
  const validate = form.querySelector("[data-validate]"), say = form.querySelector("[data-say]"), fresh = form.hasAttribute("data-new");
  let proven = !fresh, checking = false, state = "";

  const proving = () => {
    const data = new FormData(form);
    return JSON.stringify(fieldsOf(form).filter((f) => "proves" in f.dataset).map((f) => [data.getAll(f.dataset.field), data.get("forget:" + f.dataset.field)]));
  };
  state = proving();

  const missing = () => fieldsOf(form).filter((f) => {
    const input = f.querySelector("input:not([type=checkbox]), select, textarea");
    return f.classList.contains("required") && !f.closest("fieldset.away") && input && input.value.trim() === "" && !("kept" in input.dataset) && !alternative(f);
  });
  // A token may stand in for a private key, a PFX file for certificate and key: the server knows; here it is
  // enough that another field of the group that can replace it is filled.
  const alternative = (f) => {
    const swap = { "jwt.token": "jwt.private_key", "certificate.client_cert": "certificate.pfx", "certificate.client_key": "certificate.pfx" }[f.dataset.field];
    const other = swap && form.elements[swap];
    return Boolean(other && (other.value.trim() !== "" || "kept" in other.dataset));
  };
  const update = () => {
    for (const s of form.querySelectorAll("fieldset[data-when]")) s.classList.toggle("away", s.dataset.when !== login.value);
    if (proving() !== state) proven = false;
    const lacking = missing();
    const may = lacking.length === 0 && (proven || anyway.checked) && !checking;
    for (const b of save) b.disabled = !may;
    validate.disabled = checking;
    say.textContent = checking ? "Checking …"
      : lacking.length > 0 ? "Still to fill in: " + lacking.map((f) => f.querySelector("label, .label").textContent.trim()).join(", ") + "."
      : proven ? (fresh ? "The check passed: it can be saved." : "It can be saved.")
      : anyway.checked ? "It will be saved without a check that passed."
      : "Validate it first: it can be saved when the check has passed.";
  };

  form.addEventListener("input", update);
  form.addEventListener("change", update);
  validate.addEventListener("click", async (e) => {
    e.preventDefault();
    state = proving();
    checking = true;
    update();
    const { ok, refused } = await check(form.dataset.check, new URLSearchParams(new FormData(form)));
    checking = false;
    sayErrors(refused ?? { fields: {}, general: [...document.querySelectorAll("[data-faults] li")].map((li) => li.textContent) });
    proven = ok;
    update();
  });
  if (fresh) suggestCode(form.elements.name, form.elements.code);
  update();
}

/** Makes a code of the name until somebody writes one. */
function suggestCode(name, code) {
  let own = code.value !== "";
  code.addEventListener("input", () => { own = code.value !== ""; });
  name.addEventListener("input", () => {
    if (!own) code.value = name.value.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63);
  });
}

if (form) connectionForm();
if (recheck) {
  const go = () => check(recheck.action, new URLSearchParams(new FormData(recheck)));
  const again = recheck.querySelector("button"); // one check at a time: two would write into one list
  recheck.addEventListener("submit", async (e) => {
    e.preventDefault();
    if (again.disabled) return;
    again.disabled = true;
    try {
      const { refused } = await go();
      if (refused) sayFaults(refused.general);
    } finally {
      again.disabled = false;
    }
  });
  if (recheck.hasAttribute("data-go")) recheck.requestSubmit();
}
