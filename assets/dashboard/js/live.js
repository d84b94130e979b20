// What changes, as it happens: one stream of server-sent events, shared by the tabs where the
// browser can; every 5 s a question instead when streaming fails.
import { $, now, skew } from "./page.js";

/** Milliseconds between questions when streaming fails; when the page is hidden. */
const POLL = 5_000;
const POLL_HIDDEN = 30_000;
/** Failures of the stream before questions are asked instead. */
const FAILURES = 2;

/** @typedef {"created" | "updated" | "stats" | "missed" | "state"} Topic */

const listeners = new EventTarget();
const channel = "BroadcastChannel" in window ? new BroadcastChannel("watchpost-live") : null;
let state = "connecting";
let since = 0;
let paused = false;
let resume = "";
/** Milliseconds the last alert took from its receipt to this page. */
export let latency = NaN;

/** @param {Topic} topic @param {(data: any) => void} work */
export function on(topic, work) {
  listeners.addEventListener(topic, (event) => work(/** @type {CustomEvent} */ (event).detail));
}

/** @returns {string} `live`, `polling`, `offline`, `paused` or `connecting`. */
export const liveState = () => (paused ? "paused" : state);

/** Stops or goes on; after a pause pages are told that they may have missed something. */
export function togglePause() {
  paused = !paused;
  show();
  if (!paused) emit("missed", { paused: true });
}

/** @param {Topic} topic @param {any} data */
function emit(topic, data) {
  if (paused && topic !== "state") return;
  listeners.dispatchEvent(new CustomEvent(topic, { detail: data }));
}

/** @param {string} next */
function become(next) {
  if (next !== state) {
    since = Date.now();
    state = next;
    channel?.postMessage({ state });
  }
  show();
}

function show() {
  const chip = $("[data-live]");
  if (!(chip instanceof HTMLElement)) return;
  const at = new Date(since).toISOString().slice(11, 16);
  const said = liveState();
  const words = { live: "Live", polling: "Polling", paused: "Paused", connecting: "Connecting", offline: `Offline since ${at} UTC` };
  chip.hidden = false;
  chip.dataset.state = said;
  const text = $("[data-live-text]", chip);
  if (text && text.textContent !== words[said]) text.textContent = words[said];
  const took = Number.isFinite(latency) ? ` The last alert took ${Math.max(0, Math.round(latency))} ms to get here.` : "";
  chip.title = `${paused ? "Go on with live updates" : "Pause live updates"} (p).${took}`;
  listeners.dispatchEvent(new CustomEvent("state", { detail: said }));
}

/** @param {string} name @param {any} data */
function hand(name, data) {
  if (name === "alert.created") {
    const took = now() - Date.parse(data.created_at);
    if (took < 60_000) latency = took;
    emit("created", data);
    show();
  } else if (name === "alert.updated") emit("updated", data);
  else if (name === "stats") emit("stats", data);
  else if (name === "missed") emit("missed", data);
}

const NAMES = ["alert.created", "alert.updated", "stats", "missed"];

/** Follows the stream until it fails for good. @returns {Promise<void>} */
const follow = () =>
  new Promise((done) => {
    let failures = 0;
    /** @type {EventSource} */
    let source;
    const end = () => {
      window.removeEventListener("online", open);
      source.close();
      done();
    };
    /** @param {string} name @param {MessageEvent} event */
    const take = (name, event) => {
      if (event.lastEventId) resume = event.lastEventId;
      const data = JSON.parse(event.data);
      hand(name, data);
      channel?.postMessage({ name, data, resume });
    };
    function open() {
      source?.close();
      source = new EventSource(`/api/stream/${resume ? `?last_event_id=${encodeURIComponent(resume)}` : ""}`);
      source.addEventListener("hello", (event) => {
        if (/** @type {MessageEvent} */ (event).lastEventId) resume = /** @type {MessageEvent} */ (event).lastEventId;
        failures = 0;
        become("live");
      });
      for (const name of NAMES) source.addEventListener(name, (event) => take(name, /** @type {MessageEvent} */ (event)));
      source.addEventListener("session.expired", end);
      source.onerror = () => {
        failures += 1;
        become("offline");
        if (source.readyState === EventSource.CLOSED || failures >= FAILURES) end();
      };
    }
    // A connection from before the network was away may be dead without knowing it.
    window.addEventListener("online", open);
    open();
  });

/** Asks once; says whether the server answered. */
async function ask() {
  try {
    const response = await fetch(`/api/stats/${resume ? `?since=${encodeURIComponent(resume)}` : ""}`, { headers: { "X-Watchpost": "1" } });
    if (!response.ok) throw new Error(String(response.status));
    const data = await response.json();
    const first = !resume;
    resume = data.resume ?? resume;
    become("polling");
    const share = (/** @type {string} */ name, /** @type {any} */ it) => { hand(name, it); channel?.postMessage({ name, data: it, resume }); };
    if (!first) {
      for (const it of data.created ?? []) share("alert.created", it);
      for (const it of data.updated ?? []) share("alert.updated", it);
      if (data.missed) share("missed", {});
    }
    share("stats", data);
    return true;
  } catch {
    become("offline");
    return false;
  }
}

/** @param {number} ms */
const wait = (ms) => new Promise((done) => {
  const timer = setTimeout(done, ms);
  const now_ = () => { clearTimeout(timer); done(undefined); };
  window.addEventListener("online", now_, { once: true });
  document.addEventListener("signed-in", now_, { once: true });
});

/** Streams, and asks while streaming fails, with growing pauses when nothing answers. */
async function run() {
  let pause = 1_000;
  for (;;) {
    await follow();
    const answered = await ask();
    pause = answered ? (document.hidden ? POLL_HIDDEN : POLL) : Math.min(pause * 2, 30_000);
    await wait(pause * (0.8 + Math.random() * 0.4));
  }
}

/** Starts following; of several tabs of one browser only one holds the stream. */
export function start() {
  channel?.addEventListener("message", ({ data }) => {
    if (data.state) { state = data.state; since = Date.now(); show(); }
    else if (data.want) channel.postMessage({ state });
    else { resume = data.resume || resume; hand(data.name, data.data); }
  });
  show();
  if (navigator.locks && channel) {
    navigator.locks.request("watchpost-live", () => run());
    channel.postMessage({ want: true });
  } else run();
  window.addEventListener("offline", () => become("offline"));
  if (Math.abs(skew) > 30_000) document.body.dataset.skewed = String(Math.round(skew / 1000));
}
