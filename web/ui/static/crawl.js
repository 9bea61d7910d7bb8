// The page of a crawl that goes on: follows its events and fetches what changed. Browsers reconnect by
// themselves, and the stream goes on where it was.
import { localTimes } from "./app.js";

const live = document.querySelector("[data-crawl]");
const lost = document.querySelector("[data-lost]");
const pause = 700; // milliseconds between two looks, at least

let asked = false, again = false;

async function refresh() {
  if (asked) { again = true; return; }
  asked = true;
  try {
    const answer = await fetch(`/crawls/${live.dataset.crawl}/progress${location.search}`);
    if (answer.ok) {
      const busy = live.contains(document.activeElement) || live.querySelector("details[open]");
      const fresh = document.createElement("div");
      fresh.innerHTML = await answer.text();
      // What the reader is at stays as it is; the numbers go on.
      if (busy) live.querySelector("#progress").replaceWith(fresh.querySelector("#progress"));
      else live.replaceChildren(...fresh.childNodes);
      localTimes(live);
    }
  } finally {
    setTimeout(() => { asked = false; if (again) { again = false; refresh(); } }, pause);
  }
}

function follow() {
  const events = new EventSource(`/api/v1/crawls/${live.dataset.crawl}/events?apps=false`);
  events.addEventListener("open", () => { lost.hidden = true; });
  events.addEventListener("crawl", refresh);
  events.addEventListener("end", () => { events.close(); location.reload(); });
  events.addEventListener("error", () => {
    lost.hidden = false;
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 5000);
  });
}

if (live) follow();
