// The overview: figures that stay fresh, a chart to go along and to select in, a lit map.
import { $, $$, api, busy, complain, instant, load, swap, toast, whenever } from "./page.js";
import { liveState, on } from "./live.js";
import { bind, go, offer } from "./shell.js";

/** Milliseconds between fetches of the figures: when alerts change, and when only events do. */
const FRESH = 10_000;
const FRESH_EVENTS = 60_000;

const PARTS = ["tiles", "as-of", "chart", "chart-rows", "sources", "origin-dots", "origin-rows", "origin-nowhere", "origin-nowhere-link", "latest"];

/** What a line says while nothing is pointed at. @type {WeakMap<Element, string>} */
const rest = new WeakMap();

let here = $("#overview")?.getAttribute("data-here") ?? "/";

/* Figures ------------------------------------------------------------------------------------ */

let turn = 0;

/**
 * Takes the figures of an address in, without touching what is open around them.
 * @param {string} url
 * @returns {Promise<boolean>} False when the answer was dropped: others were asked for meanwhile,
 * or it would have moved the bars under a selection.
 */
async function take(url) {
  turn += 1;
  const mine = turn;
  const join = url.includes("?") ? "&" : "?";
  // With nothing but first steps shown, or no figures, all of it is exchanged.
  const bare = () => !$("[data-chart]");
  let doc = await busy(load(bare() ? url : `${url}${join}parts=true`));
  const whole = bare() || !doc.querySelector("[data-chart]");
  if (whole && !bare()) doc = await busy(load(url));
  if (mine !== turn || (selecting && url === here)) return false;
  here = url;
  last = performance.now();
  $("#overview")?.removeAttribute("data-stale");
  if (whole) swap(doc, "overview", "as-of", "page-deeds");
  else swap(doc, ...PARTS);
  for (const out of $$("[data-readout]")) {
    const next = doc.getElementById(out.id)?.textContent;
    if (!next || whole) continue;
    if (!rest.has(out) || out.textContent === rest.get(out)) out.textContent = next;
    rest.set(out, next);
  }
  return true;
}

let last = performance.now();
let timer = 0;
let due = Infinity;
/** Ranges that are on their way: nothing else is asked for meanwhile. */
let switching = 0;

/** Fetches the figures soon, at most so often. @param {number} every */
function freshen(every) {
  const at = Math.max(last + every, performance.now() + 400);
  if (at >= due) return;
  clearTimeout(timer);
  due = at;
  timer = window.setTimeout(async () => {
    due = Infinity;
    if (liveState() === "paused" || selecting || switching) return;
    if (document.hidden) { document.addEventListener("visibilitychange", () => freshen(0), { once: true }); return; }
    try {
      await take(here);
    } catch {
      // The chip says that nobody answers; what is shown says of when it is.
      $("#overview")?.setAttribute("data-stale", "");
    }
  }, at - performance.now());
}

/** As the server writes it. @param {number} rate */
const rateText = (rate) => String(Number(rate.toFixed(rate < 1 ? 2 : rate < 10 ? 1 : 0))).replace(/\B(?=(\d{3})+$)/gu, "\u202f");

on("stats", (data) => {
  const open = data.open_by_severity ?? {};
  for (const node of $$("[data-figure]")) {
    const name = node.dataset.figure ?? "";
    const value = name === "rate" ? data.events_per_s : open[name];
    if (value === undefined) continue;
    const text = rateText(Number(value));
    if (node.textContent !== text) node.textContent = text;
  }
  freshen($("[data-nothing-yet]") ? 2_000 : FRESH_EVENTS);
});
for (const topic of /** @type {const} */ (["created", "updated", "missed"])) on(topic, () => freshen(FRESH));
on("state", (state) => {
  $("#overview")?.toggleAttribute("data-stale", state === "offline");
});

/* Range -------------------------------------------------------------------------------------- */

const select = /** @type {HTMLSelectElement | null} */ ($("#range"));

/** @param {string} range @param {boolean} [keep] Whether the address bar stays as it is. */
async function show(range, keep = false) {
  const url = `/?range=${encodeURIComponent(range)}`;
  if (select) select.value = range;
  switching += 1;
  try {
    if (!await take(url)) return;
    if (!keep) history.pushState({}, "", url);
    endSelection();
  } catch (error) {
    if (!select || select.value === range) complain(error);
  } finally {
    switching -= 1;
  }
}

select?.addEventListener("change", () => show(select.value));
window.addEventListener("popstate", () => {
  const asked = new URLSearchParams(location.search).get("range") ?? select?.querySelector("option[selected]")?.getAttribute("value");
  if (asked) show(asked, true);
});

/* What is under the pointer or the focus, in words --------------------------------------------- */

/** @param {Element} node */
function words(node) {
  const { from, to, what = "" } = /** @type {HTMLElement} */ (node).dataset;
  if (!from || !to) return what;
  const local = document.documentElement.dataset.zone === "local";
  const [begins, ends] = [instant(new Date(from), local), instant(new Date(to), local)];
  const day = begins.slice(0, 10) === ends.slice(0, 10) ? "" : `${ends.slice(0, 10)} `;
  return `${begins.slice(0, 16)} to ${day}${ends.slice(11, 16)} ${ends.slice(20)} · ${what}`;
}

/** @param {Element} card @param {string} text */
function read(card, text) {
  const out = $("[data-readout]", card);
  if (!out) return;
  if (!rest.has(out)) rest.set(out, out.textContent ?? "");
  out.textContent = text || (rest.get(out) ?? "");
}

/** Whatever is lit goes out. @param {ParentNode} within */
function restore(within) {
  for (const node of $$("[data-lit]", within)) node.removeAttribute("data-lit");
  for (const card of $$("[data-readable]")) if (within === document || within === card) read(card, "");
}

/** @param {Event} event */
function light(event) {
  const target = /** @type {Element} */ (event.target);
  const card = target.closest?.("[data-readable]");
  if (!card || selecting) return;
  restore(card);
  const country = target.closest("[data-country]")?.getAttribute("data-country");
  if (country) {
    for (const node of card.querySelectorAll(`[data-country="${CSS.escape(country)}"]`)) node.setAttribute("data-lit", "");
    const dot = $(`circle[data-country="${CSS.escape(country)}"]`, card);
    if (dot) read(card, words(dot));
    return;
  }
  const bar = target.closest("[data-bar]");
  if (bar) read(card, words(bar));
}

document.addEventListener("pointerover", light);
document.addEventListener("focusin", light);
document.addEventListener("focusout", (event) => {
  const from = /** @type {Element} */ (event.target);
  const to = /** @type {Element | null} */ (event.relatedTarget);
  if (selecting && pressed === null && !to?.closest("[data-bar]")) endSelection();
  const card = from.closest?.("[data-readable]");
  if (card && !selecting) restore(card);
});
document.addEventListener("pointerout", (event) => {
  const card = /** @type {Element} */ (event.target).closest?.("[data-readable]");
  const to = /** @type {Element | null} */ (event.relatedTarget);
  if (card && !selecting && !(to && card.contains(to))) restore(card);
});
document.addEventListener("click", (event) => {
  const dot = /** @type {Element} */ (event.target).closest?.("circle[data-country]");
  const row = dot && $(`tr[data-country="${CSS.escape(dot.getAttribute("data-country") ?? "")}"] [data-events]`);
  if (row instanceof HTMLAnchorElement) go(row.href);
});

/* Going along the bars, and selecting some ------------------------------------------------------ */

/** @type {{from: number, to: number} | null} Bars that are being selected, by place. */
let selecting = null;

const chart = () => /** @type {SVGSVGElement | null} */ ($("[data-chart]"));
const bars = () => /** @type {SVGAElement[]} */ ([...document.querySelectorAll("[data-bar]")]);
const place = (/** @type {Element} */ bar) => Math.round(Number($(".hit", bar)?.getAttribute("x")) / 10);

/** @param {number} n @returns {string} When the bar at a place begins. */
const begins = (n) => new Date(Date.parse(chart()?.dataset.from ?? "") + n * Number(chart()?.dataset.bucket) * 1000).toISOString().replace(".000Z", "Z");

function drawSelection() {
  const rect = $("[data-selection]");
  const [a, b] = selecting ? [Math.min(selecting.from, selecting.to), Math.max(selecting.from, selecting.to) + 1] : [0, 0];
  rect?.setAttribute("x", String(a * 10));
  rect?.setAttribute("width", String((b - a) * 10));
  const card = rect?.closest("[data-readable]");
  if (card && selecting) {
    const node = moment(begins(a), begins(b));
    read(card, `${words(node)}Enter or let go to see its events`);
  }
}

/** @param {string} from @param {string} to */
function moment(from, to) {
  const node = document.createElement("span");
  Object.assign(node.dataset, { from, to });
  return node;
}

function openSelection() {
  if (!selecting) return;
  const [a, b] = [Math.min(selecting.from, selecting.to), Math.max(selecting.from, selecting.to) + 1];
  selecting = null;
  go(`/events?q=${encodeURIComponent(`from:${begins(a)} to:${begins(b)}`)}`);
}

function endSelection() {
  selecting = null;
  drawSelection();
  restore(document);
}

document.addEventListener("keydown", (event) => {
  const bar = /** @type {Element} */ (event.target).closest?.("[data-bar]");
  if (!bar) return;
  if (event.key === "Escape" && selecting) { endSelection(); return; }
  if (event.key === "Enter" && selecting) { event.preventDefault(); openSelection(); return; }
  const all = bars();
  const at = all.indexOf(/** @type {SVGAElement} */ (bar));
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
  const next = to === undefined ? undefined : all[to];
  if (to === undefined) return;
  event.preventDefault();
  if (!next) return;
  if (event.shiftKey) selecting = { from: selecting?.from ?? place(bar), to: place(next) };
  else if (selecting) endSelection();
  for (const it of all) it.setAttribute("tabindex", it === next ? "0" : "-1");
  next.focus();
  drawSelection();
});

/** @param {PointerEvent} event @returns {number} The place of the bar under the pointer. */
function under(event) {
  const box = chart()?.getBoundingClientRect();
  const count = Number(chart()?.viewBox.baseVal.width) / 10;
  return box ? Math.min(count - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * count))) : 0;
}

/** The place where a press on the chart began, until it ends. @type {number | null} */
let pressed = null;
function cancel() {
  pressed = null;
  if (selecting) endSelection();
}
document.addEventListener("pointerdown", (event) => {
  cancel();
  if (event.button === 0 && event.pointerType === "mouse" && /** @type {Element} */ (event.target).closest?.("[data-chart]")) pressed = under(event);
});
document.addEventListener("pointermove", (event) => {
  if (pressed === null) return;
  // It ended where this page could not see it.
  if (event.buttons === 0) { cancel(); return; }
  const to = under(event);
  if (!selecting && to === pressed) return;
  selecting = { from: pressed, to };
  drawSelection();
});
document.addEventListener("pointerup", () => {
  if (pressed === null) return;
  pressed = null;
  openSelection();
});
document.addEventListener("pointercancel", cancel);
window.addEventListener("blur", cancel);
document.addEventListener("dragstart", (event) => {
  if (/** @type {Element} */ (event.target).closest?.("[data-chart]")) event.preventDefault();
});

/* Times of the axis in the chosen zone ----------------------------------------------------------- */

function writeAxis() {
  const zone = document.documentElement.dataset.zone === "local" ? undefined : "UTC";
  for (const node of document.querySelectorAll(".axis [data-at]")) {
    const day = !/:/u.test(node.textContent ?? "");
    const at = new Date(node.getAttribute("data-at") ?? "");
    node.textContent = at.toLocaleString("en-GB", day ? { day: "numeric", month: "short", timeZone: zone } : { hour: "2-digit", minute: "2-digit", timeZone: zone });
  }
}

new MutationObserver(writeAxis).observe(document.documentElement, { attributeFilter: ["data-zone"] });
whenever(() => {
  writeAxis();
  const all = bars();
  if (!all.some((bar) => bar.getAttribute("tabindex") === "0")) all[all.length - 1]?.setAttribute("tabindex", "0");
});

/* The test event ---------------------------------------------------------------------------------- */

/** @type {Promise<void> | null} */
let sending = null;

async function sendTest() {
  try {
    const { data } = await busy(api("POST", "/api/dashboard/test-api/"));
    toast("Test event sent. It raised a CRITICAL alert.", { label: `Open alert #${data.alert}`, act: () => go(`/alerts/${data.alert}`) });
    freshen(0);
  } catch (error) {
    complain(error);
  } finally {
    sending = null;
  }
}

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLElement} */ (event.target);
  if (!form.matches("[data-test-form]")) return;
  event.preventDefault();
  sending ??= sendTest();
});

/* Keys ------------------------------------------------------------------------------------------- */

for (const n of [1, 2, 3, 4, 5, 6]) {
  bind({ keys: String(n), where: "Overview", does: `Go to ${$$("[data-tile] .tile-name")[n - 1]?.textContent?.trim() ?? `figure ${n}`}`, run: () => $$("[data-tile]")[n - 1]?.focus() });
}
bind({ keys: "d", where: "Overview", does: "Next range", run: () => {
  if (select) show(select.options[(select.selectedIndex + 1) % select.options.length]?.value ?? "24h");
} });
offer(() => [
  ...(select ? [...select.options].map((option) => ({ name: `Range: ${option.text}`, group: "Overview", run: () => { show(option.value); } })) : []),
  ...($("[data-test-form]") ? [{ name: "Send test critical event", group: "Overview", icon: "bolt", run: () => { sending ??= sendTest(); } }] : []),
]);
