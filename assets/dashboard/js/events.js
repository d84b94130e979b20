// The events explorer: the address is the only state; pages are fetched and parts of them taken.
import { $, $$, Refusal, api, busy, complain, copy, el, instant, load, me, swap, tell, toast, whenever, newKey } from "./page.js";
import { bind, deeds, go, offer } from "./shell.js";
import { on } from "./live.js";

const REGIONS = ["export", "search", "range", "facets", "explorer"];
const list = () => /** @type {HTMLElement | null} */ ($("#list"));
const panel = () => /** @type {HTMLElement | null} */ ($("#panel"));
const article = () => /** @type {HTMLElement | null} */ ($("#event"));
const rows = () => $$(".event-row");
/** @param {string} id */
const rowOf = (id) => /** @type {HTMLElement | null} */ ($(`#event-${CSS.escape(id)}`));
const openId = () => new URLSearchParams(location.search).get("event");
const query = () => list()?.dataset.query ?? "";
const isLocal = () => document.documentElement.dataset.zone === "local";

/* Where we are --------------------------------------------------------------------------------- */

/** Finds what has the focus again once its part of the page was exchanged. @returns {() => void} */
function keepFocus() {
  const focused = document.activeElement;
  const { of, value } = focused instanceof HTMLElement || focused instanceof SVGElement ? focused.dataset : {};
  const inChart = focused?.closest("[data-chart]") !== null && focused !== null;
  const selector = focused?.matches("[data-zoom-out]") ? "[data-zoom-out]" : inChart ? "[data-chart] .timebar[tabindex='0']" : null;
  const chip = $$("#range a").findIndex((it) => it === focused);
  return () => {
    if (!focused || focused.isConnected) return;
    const again = of !== undefined ? $$("a[data-facet]").find((it) => it.dataset.of === of && it.dataset.value === value) ?? $("#q") : selector ? $(selector) : $$("#range a")[chip];
    /** @type {HTMLElement | SVGElement | null | undefined} */ (again)?.focus({ preventScroll: true });
  };
}

/** The last list, and the last event, that was asked for: an answer overtaken by it is dropped. */
let listTurn = 0;
let panelTurn = 0;

/** Shows another list; the event that is open stays open. @param {string} href @param {boolean} [push] */
async function show(href, push = true) {
  const wanted = new URL(href, location.href);
  listTurn += 1;
  const turn = listTurn;
  try {
    const doc = await busy(load(wanted.pathname + wanted.search));
    if (turn !== listTurn) return;
    const open = openId();
    // A range that was asked for comes back in the words of the search.
    const url = new URL(doc.URL || wanted.href);
    if (open && !(push && panel()?.hidden)) url.searchParams.set("event", open);
    if (push) history.pushState(null, "", url);
    else history.replaceState(null, "", url);
    const facets = /** @type {HTMLDetailsElement | null} */ ($("#facets"))?.open;
    const table = /** @type {HTMLDetailsElement | null} */ ($(".timeplot-table"))?.open;
    const refocus = keepFocus();
    swap(doc, ...REGIONS);
    refocus();
    /** @type {HTMLDetailsElement | null} */ ($("#facets"))?.toggleAttribute("open", facets ?? true);
    $(".timeplot-table")?.toggleAttribute("open", table ?? false);
    $("#unknown")?.remove();
    if (push && open && !panel()?.hidden) await openPanel(open);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (turn !== listTurn) return;
    toast(`Could not load events. ${error.message}`, { error: true, label: "Retry", act: () => show(href, push) });
  }
}

document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.button !== 0) return;
  const link = /** @type {HTMLElement | SVGAElement | null} */ (target.closest("a[data-go]"));
  if (link) {
    if (!list()) return;
    event.preventDefault();
    const { only, not } = link.dataset;
    show(event.altKey && only ? only : event.shiftKey && not ? not : link.getAttribute("href") ?? "");
    return;
  }
  if (inPanel(event, target)) return;
  const row = /** @type {HTMLElement | null} */ (target.closest(".event-row"));
  if (!row || target.closest("a:not([data-open]), button") || String(getSelection())) return;
  event.preventDefault();
  focusRow(row);
  open(row.dataset.id ?? "");
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.matches("[data-raise]")) {
    event.preventDefault();
    raise(form);
  } else if (list() && form.matches("[data-search-form], [data-range-form]")) {
    event.preventDefault();
    const url = new URL(form.action);
    for (const [name, value] of new FormData(form)) url.searchParams.set(name, name === "q" ? String(value) : utc(String(value)));
    show(url.href);
  }
});

window.addEventListener("popstate", async () => {
  await show(location.href, false);
  const id = openId();
  if (id) openPanel(id);
  else closePanel(false);
});

/* Time ------------------------------------------------------------------------------------------- */

/** What a field of the range says, in UTC. @param {string} value */
function utc(value) {
  if (!value || !isLocal()) return value;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? value : date.toISOString();
}

/** @param {Date} date A moment to the second, as `datetime-local` and lists have it. */
function wall(date) {
  const at = isLocal() ? new Date(date.getTime() - date.getTimezoneOffset() * 60_000) : date;
  return at.toISOString().slice(0, 23);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Writes the moments of this page in the chosen zone. */
function showTimes() {
  const zone = isLocal() ? (Intl.DateTimeFormat().resolvedOptions().timeZone.split("/").pop() ?? "local").replaceAll("_", " ") : "UTC";
  for (const node of $$("[data-range-zone]")) if (node.textContent !== zone) node.textContent = zone;
  for (const node of $$("time[data-precise]")) {
    const text = wall(new Date(/** @type {HTMLTimeElement} */ (node).dateTime)).replace("T", " ");
    if (node.textContent !== text) node.textContent = text;
  }
  for (const node of $$("[data-chart] text")) {
    const at = wall(new Date(node.dataset.at ?? ""));
    const day = `${Number(at.slice(8, 10))} ${MONTHS[Number(at.slice(5, 7)) - 1]}`;
    const clock = at.slice(11, at.slice(17, 19) === "00" ? 16 : 19);
    const begins = (node.dataset.at ?? "").slice(11, 19) === "00:00:00";
    node.textContent = clock === "00:00" ? day : begins && isLocal() ? `${day} ${clock}` : clock;
  }
  for (const node of $$("[data-utc]")) {
    const field = /** @type {HTMLInputElement} */ (node);
    if (field.dataset.utc && document.activeElement !== field) field.value = wall(new Date(`${field.dataset.utc}Z`)).slice(0, 19);
  }
}
new MutationObserver(showTimes).observe(document.documentElement, { attributeFilter: ["data-zone"] });
whenever(showTimes);

/* The histogram ------------------------------------------------------------------------------------ */

const bars = () => /** @type {SVGAElement[]} */ ([...document.querySelectorAll("[data-chart] .timebar")]);
/** The bars that are chosen, from where it began to where it is. @type {{from: number, to: number} | null} */
let brush = null;
const speaker = el("p", { class: "visually-hidden", role: "status" });
document.body.append(speaker);

/** @param {number} lo @param {number} hi What the bars from one to another hold, in words. */
function said(lo, hi) {
  const all = bars().slice(lo, hi + 1);
  const count = all.reduce((sum, bar) => sum + Number(bar.dataset.count), 0);
  const at = (/** @type {string | undefined} */ text) => instant(new Date(text ?? ""), isLocal());
  const range = `${at(all[0]?.dataset.from)} to ${at(all.at(-1)?.dataset.to)}`;
  const severities = all.length === 1 && all[0]?.dataset.said ? `: ${all[0].dataset.said}` : "";
  return { count: `${count.toLocaleString("en").replaceAll(",", "\u202f")} ${count === 1 ? "event" : "events"}${severities}`, range };
}

/** @param {number} lo @param {number} hi */
function tellBars(lo, hi) {
  const line = $("[data-plot-said]");
  if (!line) return;
  const { count, range } = said(lo, hi);
  line.replaceChildren(el("strong", {}, count), ` · ${range}`);
}

function showBrush() {
  const rect = $("[data-brush]");
  const n = bars().length;
  if (!rect) return;
  rect.toggleAttribute("hidden", !brush);
  if (!brush) return;
  const [lo, hi] = [Math.min(brush.from, brush.to), Math.max(brush.from, brush.to)];
  rect.setAttribute("x", `${(lo * 100) / n}%`);
  rect.setAttribute("width", `${((hi - lo + 1) * 100) / n}%`);
  tellBars(lo, hi);
}

function applyBrush() {
  if (!brush) return;
  const all = bars();
  const [lo, hi] = [Math.min(brush.from, brush.to), Math.max(brush.from, brush.to)];
  brush = null;
  const url = new URL("/events", location.href);
  url.searchParams.set("q", query());
  url.searchParams.set("from", all[lo]?.dataset.from ?? "");
  url.searchParams.set("to", all[hi]?.dataset.to ?? "");
  show(url.href);
}

/** @param {number} n */
function focusBar(n) {
  const all = bars();
  const bar = all[Math.max(0, Math.min(all.length - 1, n))];
  for (const other of all) other.setAttribute("tabindex", other === bar ? "0" : "-1");
  bar?.focus();
}

document.addEventListener("keydown", (event) => {
  const bar = /** @type {SVGAElement | null} */ (/** @type {Element} */ (event.target).closest?.("[data-chart] .timebar"));
  if (!bar || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = bars();
  const at = all.indexOf(bar);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1, PageUp: at - 10, PageDown: at + 10 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    const next = Math.max(0, Math.min(all.length - 1, to));
    brush = event.shiftKey ? { from: brush?.from ?? at, to: next } : null;
    focusBar(next);
    showBrush();
    if (brush) {
      const { count, range } = said(Math.min(brush.from, brush.to), Math.max(brush.from, brush.to));
      speaker.textContent = `Chosen: ${count}, ${range}. Enter shows it.`;
    }
  } else if (event.key === "Enter" && brush) {
    event.preventDefault();
    applyBrush();
  } else if (event.key === "Escape" && brush) {
    event.preventDefault();
    brush = null;
    showBrush();
  }
});

/** @param {PointerEvent} event Which bar is under the pointer. */
function barAt(event) {
  const box = $("[data-chart]")?.getBoundingClientRect();
  const n = bars().length;
  if (!box || n === 0) return 0;
  return Math.max(0, Math.min(n - 1, Math.floor(((event.clientX - box.left) / box.width) * n)));
}

/** @type {{x: number, bar: number, id: number} | null} */
let drag = null;
let dragged = false;
document.addEventListener("pointerdown", (event) => {
  dragged = false;
  if (event.button === 0 && /** @type {Element} */ (event.target).closest?.("[data-chart]")) drag = { x: event.clientX, bar: barAt(event), id: event.pointerId };
});
document.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.id) return;
  if (!dragged && Math.abs(event.clientX - drag.x) < 5) return;
  dragged = true;
  brush = { from: drag.bar, to: barAt(event) };
  showBrush();
});
document.addEventListener("pointerup", () => {
  drag = null;
  if (dragged) applyBrush();
});
document.addEventListener("pointercancel", () => { drag = null; dragged = false; brush = null; showBrush(); });
// A drag that ends on a bar is no click on it, nor is the link dragged away.
document.addEventListener("click", (event) => {
  if (dragged && /** @type {Element} */ (event.target).closest?.("[data-chart]")) { event.preventDefault(); event.stopImmediatePropagation(); }
  dragged = false;
}, true);
document.addEventListener("dragstart", (event) => { if (/** @type {Element} */ (event.target).closest?.("[data-chart]")) event.preventDefault(); });
for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const bar = /** @type {SVGAElement | null} */ (/** @type {Element} */ (event.target).closest?.("[data-chart] .timebar"));
    if (bar && !brush) { const n = bars().indexOf(bar); tellBars(n, n); }
  });
}
whenever(() => { const hint = $("[data-plot-hint]"); if (hint instanceof HTMLElement) hint.hidden = false; });

/* The row with the focus; the panel ------------------------------------------------------------------ */

let tab = new URLSearchParams(location.search).get("tab") ?? "fields";
let sameSource = false;

/** @param {HTMLElement} row */
function focusRow(row) {
  for (const other of rows()) other.tabIndex = -1;
  row.tabIndex = 0;
  row.focus();
}

const focused = () => /** @type {HTMLElement | null} */ (document.activeElement?.closest(".event-row")) ?? rowOf(openId() ?? "0") ?? /** @type {HTMLElement | null} */ ($(".event-row[tabindex='0']"));

/** @param {number} by */
function step(by) {
  const all = rows();
  const at = focused();
  const next = at ? all[all.indexOf(at) + by] : all[0];
  if (!next) return;
  focusRow(next);
  if (panel() && !panel()?.hidden) open(next.dataset.id ?? "", false);
}

/** Opens an event beside the list and says so in the address. @param {string} id @param {boolean} [focus] */
function open(id, focus = true) {
  const url = new URL(location.href);
  const was = url.searchParams.get("event");
  url.searchParams.set("event", id);
  url.searchParams.set("tab", tab);
  if (!url.searchParams.has("q")) url.searchParams.set("q", query());
  if (was) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  $("#unknown")?.remove();
  openPanel(id, { focus });
}

/** @param {string} id @param {{focus?: boolean}} [options] */
async function openPanel(id, { focus = false } = {}) {
  const aside = panel();
  if (!aside) return;
  panelTurn += 1;
  const turn = panelTurn;
  for (const row of rows()) row.toggleAttribute("aria-current", false);
  rowOf(id)?.setAttribute("aria-current", "true");
  const params = new URLSearchParams({ beside: "true", tab, q: query(), ...(sameSource ? { same_source: "true" } : {}) });
  try {
    const doc = await busy(load(`/events/${id}?${params}`));
    const fresh = doc.getElementById("event");
    if (!fresh || turn !== panelTurn) return;
    aside.hidden = false;
    aside.setAttribute("aria-label", `Event ${id}`);
    $("#events-frame")?.classList.add("with-panel");
    const stays = article()?.dataset.event === id ? aside.scrollTop : 0;
    aside.replaceChildren(document.adoptNode(fresh));
    aside.scrollTop = stays;
    tell();
    if (focus) /** @type {HTMLElement | null} */ ($("#event-title"))?.focus({ preventScroll: true });
    rowOf(id)?.scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (turn !== panelTurn) return;
    if (error instanceof Refusal && error.status === 404) toast(`There is no event ${id}. It may have been deleted.`, { error: true });
    else complain(error);
  }
}

/** Closes it; says whether one was open. @param {boolean} [push] */
function closePanel(push = true) {
  const aside = panel();
  // One that is still on its way when the address has moved on is not to come.
  if (!aside || (aside.hidden && push)) return false;
  panelTurn += 1;
  const id = article()?.dataset.event ?? "0";
  aside.hidden = true;
  aside.replaceChildren();
  $("#events-frame")?.classList.remove("with-panel");
  for (const row of rows()) row.removeAttribute("aria-current");
  const url = new URL(location.href);
  url.searchParams.delete("event");
  url.searchParams.delete("tab");
  if (push) history.pushState(null, "", url);
  const row = rowOf(id);
  if (row) focusRow(row);
  return true;
}

/** What a click within the panel does; says whether it was one of its own links. @param {MouseEvent} event @param {HTMLElement} target */
function inPanel(event, target) {
  if (!panel()?.contains(target)) return false;
  const id = article()?.dataset.event ?? "";
  const tabLink = /** @type {HTMLElement | null} */ (target.closest("a[data-tab]"));
  const neighbour = /** @type {HTMLElement | null} */ (target.closest("a[data-neighbour]"));
  const same = /** @type {HTMLElement | null} */ (target.closest("a[data-same]"));
  if (tabLink) {
    event.preventDefault();
    tab = tabLink.dataset.tab ?? "fields";
    open(id, false);
    whenTab();
  } else if (neighbour) {
    event.preventDefault();
    open(neighbour.dataset.neighbour ?? "");
  } else if (same) {
    event.preventDefault();
    sameSource = same.dataset.same === "true";
    open(id, false);
  } else if (target.closest("a[data-close]")) {
    event.preventDefault();
    closePanel();
  } else return false;
  return true;
}

/** The tab that was chosen keeps the focus once it is there again. */
function whenTab() {
  const seen = new MutationObserver(() => {
    seen.disconnect();
    /** @type {HTMLElement | null} */ ($(`#event-tabs a[data-tab="${tab}"]`))?.focus({ preventScroll: true });
  });
  const aside = panel();
  if (aside) seen.observe(aside, { childList: true });
}

/* An alert from the event ------------------------------------------------------------------------------ */

/** @param {HTMLFormElement} form */
async function raise(form) {
  const id = article()?.dataset.event ?? "";
  const given = Object.fromEntries([...new FormData(form)].filter(([name, value]) => name !== "back" && String(value).trim() !== ""));
  const key = newKey();
  try {
    const { data } = await busy(api("POST", `/api/events/${id}/alert/`, given, { "Idempotency-Key": key }));
    toast(`Alert #${data.id} created`, { label: "Open", act: () => go(`/alerts/${data.id}`) });
    rowOf(id)?.querySelector(".col-alert")?.replaceChildren(el("a", { href: `/alerts/${data.id}`, "aria-label": `Alert #${data.id}` }, `#${data.id}`));
    if (!panel()) location.reload();
    else if (openId() === id) await openPanel(id, { focus: true });
  } catch (error) {
    complain(error);
  }
}

Object.assign(deeds, {
  "event-next": () => step(1),
  "event-previous": () => step(-1),
  "event-link": () => copy(location.href, "Link copied"),
  "event-wrap": () => {
    const wraps = $("#event-json")?.classList.toggle("wrap") ?? false;
    $("[data-do=event-wrap]")?.setAttribute("aria-pressed", String(wraps));
  },
});

// Where the fields stand above the list they wait until they are asked for.
if (matchMedia("(max-width: 79.99rem)").matches) $("#facets")?.removeAttribute("open");

/* Live: nothing moves by itself ------------------------------------------------------------------------- */

const newer = () => { const link = $("#newer"); if (link instanceof HTMLElement) link.hidden = false; };
on("created", newer);
on("missed", newer);
on("stats", (data) => { if (Number(data.events_per_s) > 0) newer(); });

/* Keys, commands ------------------------------------------------------------------------------------------ */

const where = "Events";
const noDialog = () => !document.querySelector("dialog[open]");
const onRow = () => document.activeElement?.classList.contains("event-row") ?? false;
if (list()) {
  bind({ keys: "j|ArrowDown", where, does: "Next event", run: () => step(1), when: noDialog });
  bind({ keys: "k|ArrowUp", where, does: "Previous event", run: () => step(-1), when: noDialog });
  bind({ keys: "Home", where, does: "First event", run: () => { const it = rows()[0]; if (it) focusRow(it); }, when: onRow });
  bind({ keys: "End", where, does: "Last event", run: () => { const it = rows().at(-1); if (it) focusRow(it); }, when: onRow });
  bind({ keys: "o|Enter", where, does: "Open the event", run: () => open(focused()?.dataset.id ?? ""), when: onRow });
  bind({ keys: "b", where, does: "Go to the bars over time", run: () => { const at = bars().findIndex((bar) => bar.getAttribute("tabindex") === "0"); focusBar(at); } });
  bind({ keys: "f", where, does: "Go to the fields", run: () => /** @type {HTMLElement | null} */ ($("#facets a"))?.focus() });
  bind({ keys: "C", where, does: "Clear the filters", run: () => show("/events?q=") });
  bind({ keys: "Escape", where, does: "Close the event", run: () => { closePanel(); }, when: noDialog });
}
bind({ keys: "w", where, does: "Wrap the lines of the JSON, or not", run: () => deeds["event-wrap"]?.(document.body), when: () => $("#event-json") !== null });
bind({ keys: "y", where, does: "Copy a link", run: () => copy(location.href, "Link copied") });
if (me.can("alert:triage")) {
  bind({ keys: "A", where, does: "Create an alert from the event", run: () => { $("#raise")?.setAttribute("open", ""); /** @type {HTMLElement | null} */ ($("#raise-title"))?.focus(); }, when: () => $("#raise") !== null });
}
offer(() => (list() ? $$("#range a").map((link) => ({ name: `Events: ${link.textContent ?? ""}`, group: "Events", run: () => show(link.getAttribute("href") ?? "") })) : []));
