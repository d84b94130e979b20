// The triage queue, live: rows stay where they are, what is new waits behind a pill, what was
// done can be taken back.
import { $, $$, Refusal, api, busy, complain, copy, el, icon, load, me, swap, tell, toast, visible, whenever, newKey } from "./page.js";
import { bind, deeds, go, offer, openDialog } from "./shell.js";
import { on } from "./live.js";
import { askResolution, askText, openPanel, closePanel, patchPanel, recall, remember } from "./alert.js";

/** New alerts remembered behind the pill; more are "500+". */
const WAITING_MAX = 500;
/** Milliseconds a row that no longer matches stays, dimmed, with its undo. */
const LEAVING = 5_000;
/** Alerts the server changes at once. */
const BULK_MAX = 10_000;

const triages = me.can("alert:triage");
const list = () => /** @type {HTMLElement} */ ($("#list"));
const rows = () => $$(".alert-row");
/** @param {string | number} id */
const rowOf = (id) => /** @type {HTMLElement | null} */ ($(`#alert-${id}`));
const REGIONS = ["views", "search", "facets", "list"];

/* Where we are: the address is the only state ------------------------------------------------ */

/** How often another list was asked for; an answer that was overtaken is left. */
let turns = 0;

/** Shows another list without losing the panel's text. @param {string} href @param {boolean} [push] */
async function show(href, push = true) {
  const url = new URL(href, location.href);
  const open = new URLSearchParams(location.search).get("alert");
  if (push && open && !url.searchParams.has("alert") && rowOf(open)) url.searchParams.set("alert", open);
  const turn = ++turns;
  try {
    const doc = await busy(load(url.pathname + url.search));
    if (turn !== turns) return;
    // A view leads on to its own address.
    const at = doc.URL && doc.URL !== "about:blank" ? doc.URL : url;
    if (push) history.pushState(null, "", at);
    else history.replaceState(null, "", at);
    selected.clear();
    waiting.clear();
    unasked.clear();
    matching = null;
    swap(doc, ...REGIONS);
    document.title = doc.title;
    showPill();
  } catch (error) {
    if (error instanceof Refusal) offerRetry(error, () => show(href, push));
    else throw error;
  }
}

/** @param {Refusal} error @param {() => void} again */
function offerRetry(error, again) {
  toast(`Could not load alerts. ${error.message}`, { error: true, label: "Retry", act: again });
}

/** The list's address without its place. */
const here = () => {
  const url = new URL(location.href);
  url.searchParams.delete("alert");
  return url;
};

document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const link = /** @type {HTMLAnchorElement | null} */ (target.closest("a[data-go]"));
  if (link && !event.ctrlKey && !event.metaKey && event.button === 0) {
    event.preventDefault();
    const facet = link.dataset;
    const href = event.altKey && facet.only ? facet.only : event.shiftKey && facet.not ? facet.not : link.href;
    show(href);
    return;
  }
  const row = /** @type {HTMLElement | null} */ (target.closest(".alert-row"));
  if (!row || target.closest("a:not([data-open]), button, select, label") || event.ctrlKey || event.metaKey) return;
  const box = target.closest(".pick");
  if (box) {
    if (!(target instanceof HTMLInputElement)) pick(row, !selected.has(row.dataset.id ?? ""));
    else pick(row, target.checked);
    if (event.shiftKey) extendTo(row);
    lastPicked = row.dataset.id ?? "";
    return;
  }
  if (String(getSelection())) return;
  event.preventDefault();
  focusRow(row);
  open(row);
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches("[data-search-form], [data-columns-form]")) return;
  event.preventDefault();
  const url = new URL(form.action);
  const data = new FormData(form);
  for (const name of new Set(data.keys())) url.searchParams.set(name, data.getAll(name).join(","));
  for (const menu of $$("details[data-menu][open]")) menu.removeAttribute("open");
  if (form.matches("[data-columns-form]")) {
    const columns = data.getAll("column").map(String);
    api("PATCH", "/api/me/", { preferences: { columns: { alerts: columns } } }).then(() => { url.searchParams.delete("column"); show(url.href); }, complain);
  } else show(url.href);
});

document.addEventListener("change", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const form = /** @type {HTMLFormElement | null} */ (target.closest("[data-sorting]"));
  if (form) {
    const url = here();
    url.searchParams.delete("cursor");
    for (const name of ["sort", "group"]) {
      const value = String(new FormData(form).get(name) ?? "");
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    show(url.href);
  } else if (target.matches("[data-pick-all]")) {
    // Asked once: picking a row writes this box anew.
    const wanted = /** @type {HTMLInputElement} */ (target).checked;
    for (const row of rows()) pick(row, wanted);
  }
});

window.addEventListener("popstate", async () => {
  await show(location.href, false);
  // Where we are by now: somebody may have gone on meanwhile.
  const id = new URLSearchParams(location.search).get("alert");
  if (id) openPanel(id);
  else closePanel(false);
});

/* The row with the focus; the panel ---------------------------------------------------------- */

/** @param {HTMLElement} row */
function focusRow(row) {
  for (const other of rows()) other.tabIndex = -1;
  row.tabIndex = 0;
  row.focus({ preventScroll: false });
}

/** The row that keys act on: the one with the focus, else the one whose alert is open. Never one that nobody sees marked. */
const focused = () => /** @type {HTMLElement | null} */ (document.activeElement?.closest(".alert-row")) ?? rowOf(new URLSearchParams(location.search).get("alert") ?? "0");
/** The row where the keys go on after the focus was elsewhere. */
const resting = () => /** @type {HTMLElement | null} */ ($(".alert-row[tabindex='0']"));

/** @param {number} step */
function move(step) {
  const all = rows();
  const at = focused();
  const next = at ? all[all.indexOf(at) + step] : resting() ?? all[0];
  if (!next) return;
  const inPanel = new URLSearchParams(location.search).has("alert");
  focusRow(next);
  if (inPanel) open(next, false);
}

/** @param {HTMLElement} row @param {boolean} [focus] Whether the panel takes the focus. */
function open(row, focus = true) {
  const id = row.dataset.id ?? "";
  const url = new URL(location.href);
  const was = url.searchParams.get("alert");
  url.searchParams.set("alert", id);
  if (was) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  for (const other of rows()) other.toggleAttribute("aria-current", false);
  row.setAttribute("aria-current", "true");
  openPanel(id, { focus });
}

// The panel tells when it was closed and when it wants the next alert.
document.addEventListener("alert:close", () => {
  const url = new URL(location.href);
  const id = url.searchParams.get("alert");
  url.searchParams.delete("alert");
  history.pushState(null, "", url);
  for (const row of rows()) row.removeAttribute("aria-current");
  const row = rowOf(id ?? "0");
  if (row) focusRow(row);
});
document.addEventListener("alert:step", (event) => move(/** @type {CustomEvent} */ (event).detail));

/* Selection ---------------------------------------------------------------------------------- */

/** @type {Set<string>} */
const selected = new Set();
/** When everything that matches is selected: the query and how many. @type {{q: string, count: number} | null} */
let matching = null;
let lastPicked = "";

/** @param {HTMLElement} row @param {boolean} wanted */
function pick(row, wanted) {
  const id = row.dataset.id ?? "";
  if (wanted) selected.add(id);
  else selected.delete(id);
  matching = null;
  showSelection();
}

/** @param {HTMLElement} row */
function extendTo(row) {
  const all = rows();
  const from = all.findIndex((it) => it.dataset.id === lastPicked);
  const to = all.indexOf(row);
  if (from < 0) return;
  for (const it of all.slice(Math.min(from, to), Math.max(from, to) + 1)) selected.add(it.dataset.id ?? "");
  showSelection();
}

function showSelection() {
  const bar = $("#bulk");
  if (!(bar instanceof HTMLElement)) return;
  const total = Number(list().dataset.total ?? 0);
  const shown = rows();
  for (const row of shown) {
    const is = selected.has(row.dataset.id ?? "") || matching !== null;
    row.classList.toggle("selected", is);
    const box = /** @type {HTMLInputElement | null} */ ($("[data-pick]", row));
    if (box) box.checked = is;
  }
  const n = matching ? matching.count : selected.size;
  bar.hidden = n === 0;
  const said = $("[data-selected]", bar);
  if (said) said.textContent = n.toLocaleString("en").replaceAll(",", "\u202f");
  const all = /** @type {HTMLElement | null} */ ($("[data-do=select-all]", bar));
  if (all) all.hidden = matching !== null || total > BULK_MAX || selected.size < shown.length || total <= shown.length;
  const box = /** @type {HTMLInputElement | null} */ ($("[data-pick-all]"));
  if (box) {
    box.checked = shown.length > 0 && shown.every((row) => selected.has(row.dataset.id ?? "")) || matching !== null;
    box.indeterminate = !box.checked && n > 0;
  }
}

/* Doing ---------------------------------------------------------------------------------------- */

/** @typedef {{action: string, resolution?: string, note?: string, assigned_to?: string | null}} Deed */
const DONE = { acknowledge: "acknowledged", resolve: "resolved", reopen: "reopened", assign: "assigned", comment: "noted" };
const BECOMES = { acknowledge: "ACKNOWLEDGED", resolve: "RESOLVED", reopen: "OPEN" };

/** The alerts a deed is for: the selection, else the row with the focus. */
function targets() {
  if (matching) return { filter: { q: matching.q }, expect_count: matching.count, exact: list().dataset.totalExact !== "false" };
  if (selected.size > 0) return { ids: [...selected].map(Number) };
  const row = focused();
  return row ? { ids: [Number(row.dataset.id)] } : null;
}

/** Does it to many at once, shows it at once, offers to take it back. @param {Deed} deed @param {any} [on_] */
async function act(deed, on_ = targets()) {
  if (!triages) return toast("Your role reads alerts. A responder or administrator triages them.", { error: true });
  if (!on_) return toast("Choose an alert first", { error: true });
  const count = on_.ids?.length ?? on_.expect_count;
  if (count > BULK_MAX) return toast(`At most ${BULK_MAX} alerts are changed at once. Narrow the search.`, { error: true });
  const { sure: asked = false, exact = true, ...target } = on_;
  // Where the page does not know the whole number, the server says it, and is answered with it.
  if (!exact && !asked) target.expect_count = 1;
  else if (count > 100 && !asked && !(await sure(count, deed))) return;
  const touched = (on_.ids ?? rows().map((row) => Number(row.dataset.id))).map(rowOf).filter(Boolean);
  const before = touched.map((row) => ({ row, status: row.dataset.status, cell: $(".col-status", row)?.cloneNode(true) }));
  const next = BECOMES[deed.action];
  for (const row of touched) optimistic(row, next);
  // The focus moves on at once, not when the answer comes: keys typed meanwhile mean the next row.
  const following = nextRow(touched)?.dataset.id;
  const inPanel = new URLSearchParams(location.search).has("alert");
  const goOn = () => {
    const next = rowOf(following ?? "0");
    if (next && !inPanel && !document.querySelector("dialog[open]")) focusRow(next);
  };
  if (touched.some((row) => row.contains(document.activeElement))) goOn();
  try {
    const { data } = await busy(api("POST", "/api/alerts/bulk/", { ...target, ...deed }, { "Idempotency-Key": newKey() }));
    const undoable = remember(data.undo_token ?? null);
    const failed = data.failed?.length ?? 0;
    const text = `${data.changed} ${DONE[deed.action]}${data.unchanged ? `, ${data.unchanged} already were` : ""}${failed ? `, ${failed} failed: ${data.failed[0].detail}` : ""}`;
    toast(text, { error: failed > 0, ...(undoable ? { label: "Undo (z)", act: undo } : {}) });
    selected.clear();
    matching = null;
    showSelection();
    for (const row of touched) stale.add(row.dataset.id ?? "");
    await freshen();
    if (inPanel) patchPanel();
    else if (document.activeElement === document.body) goOn();
  } catch (error) {
    for (const { row, status, cell } of before) {
      row.dataset.status = status;
      row.classList.remove("busy");
      if (cell) $(".col-status", row)?.replaceWith(cell);
    }
    const found = error instanceof Refusal ? Number(error.problem?.errors?.expect_count?.[0] ?? NaN) : NaN;
    if (on_.filter && Number.isFinite(found)) await recount(found, deed, on_);
    else complain(error);
  }
}

/**
 * The filter finds another number than was shown: asks with the true one, and goes on with it.
 * @param {number} found @param {Deed} deed @param {any} on_
 */
async function recount(found, deed, on_) {
  if (found > BULK_MAX) return toast(`${found} alerts match; at most ${BULK_MAX} are changed at once. Narrow the search.`, { error: true });
  if (await sure(found, deed, `${found} alerts match by now.`)) await act(deed, { ...on_, expect_count: found, sure: true });
}

/** @param {HTMLElement} row @param {string | undefined} status */
function optimistic(row, status) {
  row.classList.add("busy");
  if (!status) return;
  row.dataset.status = status;
  const word = status.charAt(0) + status.slice(1).toLowerCase();
  $(".col-status", row)?.replaceChildren(el("span", { class: `status status-${status.toLowerCase()}` }, icon(status.toLowerCase()), el("span", {}, word)));
}

/** @param {HTMLElement[]} touched @returns {HTMLElement | null} */
function nextRow(touched) {
  const all = rows();
  const last = Math.max(...touched.map((row) => all.indexOf(row)));
  return all.slice(last + 1).find((row) => !touched.includes(row)) ?? all.find((row) => !touched.includes(row)) ?? null;
}

/** @param {number} count @param {Deed} deed @param {string} [why] @returns {Promise<boolean>} */
const sure = (count, deed, why = "") =>
  new Promise((done) => {
    const words = { acknowledge: "Acknowledge", resolve: "Resolve", reopen: "Reopen", assign: "Assign", comment: "Note on" };
    const input = /** @type {HTMLInputElement} */ (el("input", { class: "input", id: "sure-count", inputmode: "numeric", autocomplete: "off" }));
    const button = el("button", { class: "button primary" }, `${words[deed.action]} ${count} alerts`);
    const dialog = openDialog(`${words[deed.action]} ${count} alerts?`,
      el("p", {}, why),
      el("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); if (Number(input.value.replace(/\s/gu, "")) === count) { done(true); dialog.close(); } else input.setAttribute("aria-invalid", "true"); } },
        el("div", { class: "field" }, el("label", { for: "sure-count" }, `Type ${count} to go on`), input),
        el("div", { class: "dialog-actions" }, el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"), button)));
    dialog.addEventListener("close", () => done(false));
    input.focus();
  });

async function undo() {
  const token = recall();
  if (!token) return toast("Nothing to undo: 30 seconds are over, or nothing was done", { error: true });
  try {
    const { data } = await api("POST", "/api/undo/", { undo_token: token });
    const skipped = data.skipped?.length ?? 0;
    toast(`${data.undone} taken back${skipped ? `, ${skipped} were changed by somebody since and stay` : ""}`);
    await show(location.href, false);
    patchPanel();
  } catch (error) {
    complain(error);
  }
}

/* Rows as they are now ------------------------------------------------------------------------- */

/** Fetches rows anew by id; those that no longer match are dimmed, then leave. @param {string[]} ids */
async function refresh(ids) {
  const shown = ids.filter((id) => rowOf(id)).slice(0, 100);
  if (shown.length === 0) return;
  const url = here();
  url.searchParams.delete("cursor");
  url.searchParams.delete("group");
  url.searchParams.set("q", list().dataset.query ?? "");
  url.searchParams.set("among", shown.join(","));
  const doc = await load(url.pathname + url.search);
  for (const id of shown) {
    const old = rowOf(id);
    const fresh = doc.getElementById(`alert-${id}`);
    if (!old) continue;
    // An answer that was overtaken by a newer one is left.
    if (fresh && Number(fresh.dataset.version) < Number(old.dataset.version)) continue;
    if (fresh) {
      const had = old.contains(document.activeElement);
      const tab = old.tabIndex;
      const link = /** @type {HTMLAnchorElement | null} */ ($("[data-open]", old));
      const node = document.adoptNode(fresh);
      /** @type {HTMLAnchorElement | null} */ ($("[data-open]", node))?.setAttribute("href", link?.getAttribute("href") ?? "");
      node.toggleAttribute("aria-current", false);
      if (old.hasAttribute("aria-current")) node.setAttribute("aria-current", "true");
      old.replaceWith(node);
      node.tabIndex = tab;
      if (had) node.focus({ preventScroll: true });
    } else if (doc.getElementById("alert-table") || doc.getElementById("empty")) leave(old);
  }
  tell();
  showSelection();
}

/** @param {HTMLElement} row */
function leave(row) {
  row.classList.remove("busy");
  row.classList.add("leaving");
  selected.delete(row.dataset.id ?? "");
  setTimeout(() => {
    if (!row.isConnected || !row.classList.contains("leaving")) return;
    if (row.contains(document.activeElement)) {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      if (next instanceof HTMLElement) focusRow(next);
    }
    row.remove();
    if (rows().length === 0) show(location.href, false);
  }, LEAVING);
}

/* New ones wait behind the pill ------------------------------------------------------------------ */

/** Id to whether it is critical, of new alerts that match. @type {Map<number, boolean>} */
const waiting = new Map();
/** @type {Set<number>} */
const unasked = new Set();
let asking = false;
let said = 0;

/** Asks which of the new alerts belong to this list; many at once, one question at a time. */
async function askWaiting() {
  if (asking || unasked.size === 0) return;
  asking = true;
  while (unasked.size > 0 && waiting.size < WAITING_MAX) {
    const ids = [...unasked].slice(0, 100);
    for (const id of ids) unasked.delete(id);
    const turn = turns;
    try {
      const { data } = await api("GET", `/api/alerts/?page_size=100&id=${ids.join(",")}&q=${encodeURIComponent(list().dataset.query ?? "")}`);
      if (turn !== turns) break;
      for (const alert of data.results) if (!rowOf(alert.id)) waiting.set(alert.id, alert.severity === "CRITICAL");
    } catch (error) {
      // Asked again when there is a connection; what is refused is refused again.
      if (!(error instanceof Refusal) || error.status !== 400) for (const id of ids) unasked.add(id);
      asking = false;
      if (!(error instanceof Refusal)) throw error;
      return;
    }
    showPill();
  }
  asking = false;
}

function showPill() {
  const pill = $("[data-pill]");
  if (!(pill instanceof HTMLElement)) return;
  pill.hidden = waiting.size === 0;
  if (waiting.size === 0) return;
  const critical = [...waiting.values()].filter(Boolean).length;
  const n = waiting.size >= WAITING_MAX ? `${WAITING_MAX}+` : String(waiting.size);
  const text = `${n} new ${waiting.size === 1 ? "alert" : "alerts"}${critical ? `, ${critical} critical` : ""}`;
  pill.replaceChildren(icon("up"), text, el("kbd", {}, "n"));
  pill.dataset.count = n;
  if (Date.now() - said > 5_000) {
    said = Date.now();
    announce(text);
  }
}

const speaker = el("p", { class: "visually-hidden", role: "status" });
document.body.append(speaker);
/** @param {string} text */
const announce = (text) => { speaker.textContent = text; };

function showNew() {
  const url = here();
  url.searchParams.delete("cursor");
  show(url.href, false);
}

on("created", (alert) => {
  if (unasked.size < WAITING_MAX) unasked.add(Number(alert.id));
  askWaiting();
});
/** @type {Set<string>} */
const stale = new Set();
/** @type {number | undefined} */
let staleTimer;
on("updated", (alert) => {
  const id = String(alert.id);
  const row = rowOf(id);
  if (new URLSearchParams(location.search).get("alert") === id) patchPanel();
  if (!row || Number(row.dataset.version) >= Number(alert.version) || row.classList.contains("busy")) return;
  stale.add(id);
  staleTimer ??= window.setTimeout(freshen, 200);
});
let freshening = Promise.resolve();
/** Fetches what is stale, one question after the other. */
function freshen() {
  staleTimer = undefined;
  freshening = freshening.then(async () => {
    const ids = [...stale].slice(0, 100);
    for (const id of ids) stale.delete(id);
    try {
      await refresh(ids);
    } catch (error) {
      for (const id of ids) stale.add(id);
      if (!(error instanceof Refusal)) throw error;
    }
  });
  return freshening;
}
// What could not be asked is asked when there is a connection again.
on("state", (said_) => {
  if (said_ !== "live" && said_ !== "polling") return;
  askWaiting();
  if (stale.size > 0) staleTimer ??= window.setTimeout(freshen, 200);
});
on("missed", () => {
  toast("Some changes were missed while you were away", { label: "Show the list as it is now", act: showNew, seconds: 30 });
});

/* Keys, buttons, commands --------------------------------------------------------------------- */

const inList = () => !document.querySelector("dialog[open]");
const where = "Alerts";
bind({ keys: "j|ArrowDown", where, does: "Next alert", run: () => move(1), when: inList });
bind({ keys: "k|ArrowUp", where, does: "Previous alert", run: () => move(-1), when: inList });
bind({ keys: "Home", where, does: "First alert", run: () => { const it = rows()[0]; if (it) focusRow(it); }, when: () => document.activeElement?.closest(".alert-row") !== null });
bind({ keys: "End", where, does: "Last alert", run: () => { const it = rows().at(-1); if (it) focusRow(it); }, when: () => document.activeElement?.closest(".alert-row") !== null });
bind({ keys: "o|Enter", where, does: "Open the alert", run: (event) => { const row = focused(); if (row) open(row); else event.target?.dispatchEvent(new Event("click")); }, when: () => document.activeElement?.classList.contains("alert-row") ?? false });
bind({ keys: "n", where, does: "Show new alerts", run: showNew, when: () => waiting.size > 0 });
bind({ keys: "y", where, does: "Copy a link to the alert, or to the list", run: () => { const row = focused(); copy(row && document.activeElement === row ? new URL(`/alerts/${row.dataset.id}`, location.href).href : location.href, "Link copied"); } });
bind({ keys: "f", where, does: "Go to the filters", run: () => /** @type {HTMLElement | null} */ ($("#facets a"))?.focus() });
bind({ keys: "C", where, does: "Clear the filters", run: () => show("/alerts?q=") });
bind({ keys: "v", where, does: "Next view", run: () => { const all = $$("#views a"); const at = all.findIndex((it) => it.getAttribute("aria-current")); const next = all[(at + 1) % all.length]; if (next) show(/** @type {HTMLAnchorElement} */ (next).href); } });
bind({ keys: "Escape", where, does: "Close the panel, else clear the selection", run: () => { if (!closePanel()) { selected.clear(); matching = null; showSelection(); } }, when: inList });
if (triages) {
  const mine = () => { const row = focused(); if (row) { pick(row, !selected.has(row.dataset.id ?? "")); lastPicked = row.dataset.id ?? ""; } };
  bind({ keys: "x", where, does: "Select, or not", run: mine });
  bind({ keys: "J", where, does: "Select down", run: () => { const row = focused(); if (row) pick(row, true); move(1); const next = focused(); if (next) pick(next, true); } });
  bind({ keys: "K", where, does: "Select up", run: () => { const row = focused(); if (row) pick(row, true); move(-1); const next = focused(); if (next) pick(next, true); } });
  bind({ keys: "* a", where, does: "Select all shown", run: () => { for (const row of rows()) pick(row, true); } });
  bind({ keys: "* n", where, does: "Select none", run: () => { selected.clear(); matching = null; showSelection(); } });
  bind({ keys: "* s", where, does: "Select those of the same source and type", run: () => { const at = focused(); for (const row of rows()) if (row.dataset.source === at?.dataset.source && row.dataset.type === at?.dataset.type) pick(row, true); } });
  bind({ keys: "a", where, does: "Acknowledge", run: () => act({ action: "acknowledge" }) });
  bind({ keys: "u", where, does: "Reopen", run: () => act({ action: "reopen" }) });
  bind({ keys: "i", where, does: "Assign to me", run: () => act({ action: "assign", assigned_to: "me" }) });
  bind({ keys: "I", where, does: "Assign to somebody", run: () => deeds.assign?.(document.body) });
  bind({ keys: "r", where, does: "Resolve…", run: () => deeds.resolve?.(document.body) });
  bind({ keys: "c", where, does: "Note…", run: () => deeds.comment?.(document.body), when: () => !new URLSearchParams(location.search).has("alert") || selected.size > 0 });
  bind({ keys: "z", where, does: "Undo", run: undo });
  offer(() => [
    { name: "Acknowledge the selection", group: "Alerts", keys: "a", run: () => act({ action: "acknowledge" }) },
    { name: "Resolve the selection…", group: "Alerts", keys: "r", run: () => deeds.resolve?.(document.body) },
    { name: "Assign the selection to me", group: "Alerts", keys: "i", run: () => act({ action: "assign", assigned_to: "me" }) },
    { name: "Undo", group: "Alerts", keys: "z", run: undo },
  ]);
}
offer(() => $$("#views a").map((link) => ({ name: `View: ${link.textContent?.trim()}`, group: "Views", run: () => go(/** @type {HTMLAnchorElement} */ (link).href) })));

const howMany = () => { const on_ = targets(); const n = on_?.ids?.length ?? on_?.expect_count ?? 0; return n === 1 ? "this alert" : `${n} alerts`; };
Object.assign(deeds, {
  acknowledge: () => act({ action: "acknowledge" }),
  reopen: () => act({ action: "reopen" }),
  "assign-me": () => act({ action: "assign", assigned_to: "me" }),
  resolve: async () => {
    const on_ = targets();
    if (!on_) return;
    const answer = await askResolution(howMany());
    if (answer) act({ action: "resolve", ...answer }, on_);
  },
  assign: async () => {
    const on_ = targets();
    if (!on_) return;
    const name = await askText(`Assign ${howMany()} to`, "User name, or none", false);
    if (name) act({ action: "assign", assigned_to: name === "none" ? null : name }, on_);
  },
  comment: async () => {
    const on_ = targets();
    if (!on_) return;
    const note = await askText(`Note on ${howMany()}`, "Note", true);
    if (note) act({ action: "comment", note }, on_);
  },
  "select-all": () => { matching = { q: list().dataset.query ?? "", count: Number(list().dataset.total) }; showSelection(); },
  "select-none": () => { selected.clear(); matching = null; showSelection(); },
  "group-acknowledge": (/** @type {HTMLElement} */ button) => {
    const row = /** @type {HTMLElement} */ (button.closest("tr"));
    act({ action: "acknowledge" }, { filter: { q: row.dataset.groupQuery ?? "" }, expect_count: Number(row.dataset.groupCount), exact: row.dataset.groupExact !== "false" }).then(() => show(location.href, false));
  },
});

/** The kept view the list comes from. */
const view = () => /** @type {HTMLElement} */ ($("[data-view]"));

/** @param {Record<string, unknown>} body @param {string} done */
async function changeView(body, done) {
  try {
    const { data } = await api("PATCH", `/api/views/${view().dataset.view}/`, body);
    toast(done);
    show(`/alerts?view=${data.id}`, false);
  } catch (error) {
    complain(error);
  }
}

/** What the address says of the list, as a view keeps it. */
function asView() {
  const params = new URLSearchParams(location.search);
  return { query: list().dataset.query ?? "", sort: params.get("sort"), group: params.get("group"), columns: (params.get("column") ?? "").split(",").filter(Boolean) };
}

Object.assign(deeds, {
  "view-save": () => changeView(asView(), "View saved"),
  "view-default": (/** @type {HTMLElement} */ button) => changeView({ default: button.dataset.value === "true" }, button.dataset.value === "true" ? "Alerts now open with this view" : "Alerts open with what needs action"),
  "view-share": (/** @type {HTMLElement} */ button) => changeView({ shared: button.dataset.value === "true" }, button.dataset.value === "true" ? "Everybody sees this view now" : "The view is no longer shared"),
  "view-rename": async () => {
    const name = await askText(`Rename “${visible(view().dataset.viewName ?? "")}”`, "New name", false);
    if (name) changeView({ name }, "Renamed");
  },
  "view-delete": async () => {
    const { view: id, viewName } = view().dataset;
    const dialog = openDialog(`Delete the view “${visible(viewName ?? "")}”?`,
      el("p", {}, "The alerts it shows stay as they are."),
      el("div", { class: "dialog-actions" },
        el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
        el("button", { type: "button", class: "button danger", onclick: async () => {
          dialog.close();
          try {
            await api("DELETE", `/api/views/${id}/`);
            toast("View deleted");
            show("/alerts");
          } catch (error) {
            complain(error);
          }
        } }, "Delete")));
  },
  "save-view": async () => {
    const name = await askText("Save this view as", "Name", false);
    if (!name) return;
    try {
      const { data } = await api("POST", "/api/views/", { name, page: "alerts", ...asView() });
      toast(`View saved: ${visible(name)}`);
      show(`/alerts?view=${data.id}`);
    } catch (error) {
      complain(error);
    }
  },
});

whenever(() => {
  for (const box of $$("[data-pick], [data-pick-all]")) box.hidden = false;
  const pill = /** @type {HTMLButtonElement | null} */ ($("[data-pill]"));
  if (pill) pill.onclick = showNew;
  const all = rows();
  if (all[0] && !all.some((row) => row.tabIndex === 0)) all[0].tabIndex = 0;
  const narrow = matchMedia("(max-width: 63.99rem)").matches;
  const facets = $("#facets");
  if (narrow && facets && !facets.hasAttribute("data-met")) facets.removeAttribute("open");
  facets?.setAttribute("data-met", "");
  showSelection();
});

