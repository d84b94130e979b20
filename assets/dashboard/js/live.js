// What changes, as it happens: one stream of server-sent events, held by the tab that leads and
// told to the others; every 5 s a question instead when streaming fails.
import { $, el, me, now, signInAgain, skew } from "./page.js";

/** Milliseconds between questions when streaming fails; when the page is hidden. */
const POLL = 5_000;
const POLL_HIDDEN = 30_000;
/** Failures of the stream before questions are asked instead. */
const FAILURES = 2;
/** Without locks: milliseconds between asking who leads; after that many silent rounds nobody does. */
const ROUND = 2_000;
const SILENT_ROUNDS = 2;
/** The same while no leader is known: at least, and up to twice, so that tabs seldom rush together. */
const FIRST_ROUND = 150;
/** Milliseconds a tab that can share nothing keeps its stream while nobody looks at it. */
const KEPT_HIDDEN = 30_000;

/** @typedef {"created" | "updated" | "stats" | "missed" | "state"} Topic */

const listeners = new EventTarget();
const channel = "BroadcastChannel" in window ? new BroadcastChannel("watchpost-live") : null;
let state = "connecting";
let since = 0;
let paused = false;
/** Up to where the page was told everything: at first, to its making. */
let resume = document.body.dataset.resume ?? "";
/** Whether what happened since the page was made is asked for, or streamed. */
let caughtUp = false;
/** Milliseconds the last alert took from its receipt to this page. */
let latency = NaN;

/** Whether this tab asks the server; of several only this one makes a noise. */
let leads = false;
/** The number of the tab that leads, 0 while none is known; of two the higher, later one leads. */
let leader = 0;
/** Whether the tab that leads said something in this round. */
let heard = false;
let endRound = () => {};
let stop = () => {};

/** @returns {boolean} */
export const isLeading = () => leads;

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

/** Tells the other tabs, if this one leads. @param {{name?: string, data?: any}} [news] */
function say(news) {
  if (leads) channel?.postMessage({ leader, state, resume, ...news });
}

/** @param {string} next */
function become(next) {
  if (next !== state) {
    since = Date.now();
    state = next;
    say();
  }
  show();
}

function show() {
  const chip = $("[data-live]");
  if (!(chip instanceof HTMLElement)) return;
  const at = new Date(since).toISOString().slice(11, 16);
  const said = liveState();
  const words = { live: "Live", polling: "Polling", paused: "Paused", connecting: "Connecting", offline: "Offline" };
  chip.hidden = false;
  chip.dataset.state = said;
  const text = $("[data-live-text]", chip);
  const when = said === "offline" ? ` since ${at} UTC` : "";
  if (text && text.textContent !== words[said] + when) text.replaceChildren(words[said], ...(when ? [el("span", { class: "since" }, when)] : []));
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

/** Follows the stream until it fails for good. @param {AbortSignal} stopped @returns {Promise<void>} */
const follow = (stopped) =>
  new Promise((done) => {
    const over = new AbortController();
    let failures = 0;
    /** @type {EventSource} */
    let source;
    const end = () => {
      over.abort();
      source.close();
      done();
    };
    /** @param {string} name @param {MessageEvent} event */
    const take = (name, event) => {
      if (event.lastEventId) resume = event.lastEventId;
      const data = JSON.parse(event.data);
      hand(name, data);
      say({ name, data });
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
        // While questions are answered, a stream that fails again changes nothing.
        if (state !== "polling") become("offline");
        if (source.readyState === EventSource.CLOSED || failures >= FAILURES) end();
      };
    }
    // A connection from before the network was away may be dead without knowing it.
    window.addEventListener("online", open, { signal: over.signal });
    stopped.addEventListener("abort", end, { signal: over.signal });
    open();
  });

/** Asks once; says whether the server answered. @param {AbortSignal} stopped */
async function ask(stopped) {
  try {
    const response = await fetch(`/api/stats/${resume ? `?since=${encodeURIComponent(resume)}` : ""}`, { headers: { "X-Watchpost": "1" } });
    // Not waited for: the session may be begun again elsewhere.
    if (response.status === 401) signInAgain();
    if (!response.ok) throw new Error(String(response.status));
    const data = await response.json();
    if (stopped.aborted) return true;
    const first = !resume;
    resume = data.resume ?? resume;
    become("polling");
    const share = (/** @type {string} */ name, /** @type {any} */ it) => { hand(name, it); say({ name, data: it }); };
    if (!first) {
      for (const it of data.created ?? []) share("alert.created", it);
      for (const it of data.updated ?? []) share("alert.updated", it);
      if (data.missed) share("missed", {});
    }
    share("stats", data);
    return true;
  } catch {
    if (!stopped.aborted) become("offline");
    return false;
  }
}

/** Waits; less when the network is back, somebody signed in, or it is stopped. @param {number} ms @param {AbortSignal} stopped */
const wait = (ms, stopped) =>
  new Promise((done) => {
    const over = new AbortController();
    const end = () => {
      clearTimeout(timer);
      over.abort();
      done(undefined);
    };
    const timer = setTimeout(end, ms);
    window.addEventListener("online", end, { signal: over.signal });
    document.addEventListener("signed-in", end, { signal: over.signal });
    stopped.addEventListener("abort", end, { signal: over.signal });
  });

/** Leads until stopped: streams, and asks while streaming fails, with growing pauses when nothing answers. */
async function lead() {
  const over = new AbortController();
  stop = () => {
    leads = false;
    over.abort();
  };
  leads = true;
  caughtUp = true;
  leader = Math.max(Date.now(), leader) + Math.random();
  say();
  let pause = 1_000;
  for (;;) {
    await follow(over.signal);
    if (over.signal.aborted) return;
    const answered = await ask(over.signal);
    if (over.signal.aborted) return;
    pause = answered ? (document.hidden ? POLL_HIDDEN : POLL) : Math.min(pause * 2, 30_000);
    await wait(pause * (0.8 + Math.random() * 0.4), over.signal);
    if (over.signal.aborted) return;
  }
}

/** Leads whenever no other tab does. The one that leads answers at once even where timers are slowed. */
async function elect() {
  for (;;) {
    for (let silent = 0; silent < (leader ? SILENT_ROUNDS : 1); silent = heard ? 0 : silent + 1) {
      const round = new AbortController();
      endRound = () => round.abort();
      heard = false;
      channel?.postMessage({ who: true });
      await wait(leader ? ROUND : FIRST_ROUND * (1 + Math.random()), round.signal);
    }
    await lead();
  }
}

/** Asks, in a tab that listens to another one, what happened before it did. */
async function catchUp() {
  if (caughtUp) return;
  caughtUp = true;
  /** @type {any} */
  const data = await fetch(`/api/stats/?since=${encodeURIComponent(resume)}`, { headers: { "X-Watchpost": "1" } })
    .then((response) => (response.ok ? response.json() : {}))
    .catch(() => ({ missed: true }));
  for (const it of data.created ?? []) hand("alert.created", it);
  for (const it of data.updated ?? []) hand("alert.updated", it);
  if (data.missed) hand("missed", {});
}

/** What another tab says. @param {MessageEvent} event */
function hear({ data }) {
  if (data.who) say();
  else if (data.signedIn === me.id) document.dispatchEvent(new CustomEvent("signed-in", { detail: "elsewhere" }));
  else if (data.left && data.left === leader) {
    leader = 0;
    heard = true;
    endRound();
  } else if (data.leader < leader) say();
  else if (data.leader) {
    if (leads) stop();
    leader = data.leader;
    heard = true;
    catchUp();
    resume = data.resume || resume;
    become(data.state);
    if (data.name) hand(data.name, data.data);
  }
}

/** Where nothing can be shared, a tab that nobody looks at gives its connection back. */
function leadWhileSeen() {
  let timer = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = window.setTimeout(() => stop(), KEPT_HIDDEN);
    else if (!leads) lead();
  });
  lead();
}

/** Starts following; of several tabs of one browser only one holds the stream. */
export function start() {
  channel?.addEventListener("message", hear);
  show();
  if (!channel) leadWhileSeen();
  else if (navigator.locks) {
    navigator.locks.request("watchpost-live", lead);
    channel.postMessage({ who: true });
  } else {
    // Browsers have locks over HTTPS and on this machine only.
    elect();
    window.addEventListener("pagehide", () => {
      if (!leads) return;
      channel.postMessage({ left: leader });
      stop();
    });
    window.addEventListener("pageshow", (event) => { if (event.persisted) emit("missed", {}); });
  }
  document.addEventListener("signed-in", (event) => {
    if (/** @type {CustomEvent} */ (event).detail !== "elsewhere") channel?.postMessage({ signedIn: me.id });
  });
  window.addEventListener("offline", () => become("offline"));
  window.addEventListener("online", () => channel?.postMessage({ who: true }));
  if (Math.abs(skew) > 30_000) document.body.dataset.skewed = String(Math.round(skew / 1000));
}
