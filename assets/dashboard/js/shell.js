// The frame around every page: keys, command palette, theme, zone, density, the live chip.
import { $, $$, api, complain, copy, el, icon, me, tick, toast, visible, whenever } from "./page.js";
import { on, start, togglePause, isLeading } from "./live.js";

const root = document.documentElement;

/* Keys ------------------------------------------------------------------------------------- */

/** @typedef {{keys: string, where: string, does: string, run: (event: KeyboardEvent) => void, when?: () => boolean}} Binding */
/** @type {Binding[]} */
const bindings = [];

/**
 * Binds keys such as `a`, `Shift+J`, `g o` or `Ctrl+K`; the list under `?` is made of the same table.
 * The character counts, not the key's place. @param {Binding} binding
 */
export function bind(binding) {
  bindings.push(binding);
}

let prefix = "";
let prefixAt = 0;

/** @param {KeyboardEvent} event */
function typed(event) {
  if (event.defaultPrevented || event.isComposing) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const inField = target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const inDialog = document.querySelector("dialog[open]");
  const withModifier = event.ctrlKey || event.metaKey || event.altKey;
  const single = document.body.dataset.keys !== "false";
  let key = event.key.length === 1 ? event.key : event.key;
  if (withModifier) key = `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${key.toLowerCase()}`;
  const isPlain = !withModifier && event.key.length === 1;
  if ((isPlain && (inField || !single)) || (inDialog && key !== "Escape")) return;
  if (inField && !withModifier && key !== "Escape") return;
  const sequence = prefix && performance.now() - prefixAt < 1000 ? `${prefix} ${key}` : key;
  prefix = "";
  const found = [...bindings].reverse().find((it) => it.keys.split("|").includes(sequence) && (it.when?.() ?? true));
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (bindings.some((it) => it.keys.split("|").some((keys) => keys.startsWith(`${key} `)))) {
    prefix = key;
    prefixAt = performance.now();
  }
}

/** @param {string} keys How `a|Shift+J` is shown. */
const shownKeys = (keys) => keys.split("|").flatMap((one, n) => [...(n ? [" or "] : []), ...one.split(" ").map((key) => el("kbd", {}, key.replace("Ctrl+", "Ctrl ").toString()))]);

function showShortcuts() {
  const places = [...new Set(bindings.map((it) => it.where))];
  const dialog = openDialog("Keyboard shortcuts",
    ...places.map((where) => el("section", {}, el("h3", {}, where),
      el("dl", { class: "facts" }, ...bindings.filter((it) => it.where === where).flatMap((it) => [el("dt", {}, ...shownKeys(it.keys)), el("dd", {}, it.does)])))),
    el("p", { class: "muted" }, "Single letters can be turned off in your preferences."));
  dialog.classList.add("wide");
}

/**
 * Opens a dialog that goes when it is closed.
 * @param {string} title @param {...(Node | string)} children @returns {HTMLDialogElement}
 */
export function openDialog(title, ...children) {
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", { "aria-label": title },
    el("div", { class: "dialog-body" },
      el("div", { class: "row spread" }, el("h2", {}, title),
        el("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))),
      ...children)));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/* Preferences ------------------------------------------------------------------------------ */

/** Shows it at once, keeps it for this person. @param {Record<string, unknown>} change */
async function prefer(change) {
  try {
    await api("PATCH", "/api/me/", { preferences: change });
  } catch (error) {
    complain(error);
  }
}

/** @param {string} now @param {string[]} all */
const next = (now, all) => all[(all.indexOf(now) + 1) % all.length] ?? all[0];

/** @param {string} theme */
function setTheme(theme) {
  root.dataset.theme = theme;
  prefer({ theme });
  toast(`Theme: ${theme}`, { seconds: 3 });
}

/** @param {string} zone */
function setZone(zone) {
  root.dataset.zone = zone;
  showZone();
  tick();
  prefer({ time_zone: zone === "local" ? "local" : "UTC" });
}

function showZone() {
  const local = root.dataset.zone === "local";
  const name = local ? Intl.DateTimeFormat().resolvedOptions().timeZone : "UTC";
  for (const node of $$("[data-zone-name]")) node.textContent = name.split("/").pop()?.replaceAll("_", " ") ?? name;
  $("[data-do=zone]")?.setAttribute("aria-label", `Times are in ${name}. Switch to ${local ? "UTC" : "local time"}`);
}

/** @param {string} density */
function setDensity(density) {
  root.dataset.density = density;
  for (const node of $$("[data-density-name]")) node.textContent = density;
  prefer({ density });
}

/* Command palette -------------------------------------------------------------------------- */

/** @typedef {{name: string, group: string, keys?: string, icon?: string, run: () => void}} Command */
/** @type {(() => Command[])[]} */
const sources = [];

/** Offers commands in the palette. @param {() => Command[]} source Asked each time it opens. */
export function offer(source) {
  sources.push(source);
}

/** @param {string} href */
export const go = (href) => location.assign(href);

function palette() {
  const commands = [
    ...$$(".side a[href^='/']").map((link) => ({ name: link.textContent?.replace(/\d+$/u, "").trim() ?? "", group: "Pages", run: () => go(link.getAttribute("href") ?? "/") })),
    ...sources.flatMap((source) => source()),
    ...["system", "dark", "light"].map((theme) => ({ name: `Theme: ${theme}`, group: "Preferences", run: () => setTheme(theme) })),
    { name: "Use UTC", group: "Preferences", run: () => setZone("UTC") },
    { name: "Use local time", group: "Preferences", run: () => setZone("local") },
    ...["compact", "standard", "comfortable"].map((density) => ({ name: `Density: ${density}`, group: "Preferences", run: () => setDensity(density) })),
    { name: "Keyboard shortcuts", group: "Help", keys: "?", run: showShortcuts },
  ];
  const list = el("ul", { role: "listbox", id: "palette-list", class: "palette-list", "aria-label": "Commands" });
  const input = /** @type {HTMLInputElement} */ (el("input", { class: "input", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", "aria-label": "Search or jump to", placeholder: "Page, #alert number, or command", autocomplete: "off", spellcheck: "false" }));
  /** @type {Command[]} */
  let shown = [];
  let at = 0;
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", { class: "palette", "aria-label": "Command palette" }, el("div", { class: "dialog-body" }, input, list)));
  const mark = () => {
    [...list.querySelectorAll("[role=option]")].forEach((node, n) => {
      node.setAttribute("aria-selected", String(n === at));
      if (n === at) { input.setAttribute("aria-activedescendant", node.id); node.scrollIntoView({ block: "nearest" }); }
    });
  };
  const run = (/** @type {number} */ n) => { const it = shown[n]; if (it) { dialog.close(); it.run(); } };
  const filter = () => {
    const wanted = input.value.trim().toLowerCase();
    const number = /^#?(\d+)$/u.exec(wanted)?.[1];
    shown = commands.filter((it) => wanted.split(/\s+/u).every((word) => it.name.toLowerCase().includes(word)));
    if (number) shown.unshift({ name: `Open alert #${number}`, group: "Alerts", run: () => go(`/alerts/${number}`) });
    if (wanted && !number) shown.push({ name: `Search alerts for “${visible(input.value.trim())}”`, group: "Search", run: () => go(`/alerts?q=${encodeURIComponent(input.value.trim())}`) },
      { name: `Search events for “${visible(input.value.trim())}”`, group: "Search", run: () => go(`/events?q=${encodeURIComponent(input.value.trim())}`) });
    at = 0;
    let group = "";
    list.replaceChildren(...shown.flatMap((it, n) => {
      const head = it.group === group ? [] : [el("li", { role: "presentation", class: "heading" }, (group = it.group))];
      return [...head, el("li", { role: "option", id: `command-${n}`, onclick: () => run(n) }, el("span", {}, it.name), ...(it.keys ? shownKeys(it.keys) : []))];
    }));
    mark();
  };
  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { at = (at + step + shown.length) % Math.max(1, shown.length); mark(); event.preventDefault(); }
    else if (event.key === "Enter") { event.preventDefault(); run(at); }
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  filter();
  dialog.showModal();
  input.focus();
}

/* The open count ---------------------------------------------------------------------------- */

/** @param {number} open */
function showOpen(open) {
  document.body.dataset.open = String(open);
  document.title = `${open > 0 ? `(${open}) ` : ""}${document.title.replace(/^\(\d+\) /u, "")}`;
  for (const badge of $$("[data-open-count]")) {
    badge.textContent = String(open);
    badge.hidden = open === 0;
  }
  paintIcon(open);
}

/** Paints the count on the tab's picture. @param {number} open */
function paintIcon(open) {
  const shield = "<path fill='%230b57c9' d='M8 0 1.5 2.6V8c0 4 2.7 6.8 6.5 8 3.8-1.2 6.5-4 6.5-8V2.6z'/>";
  const text = open > 99 ? "99" : String(open);
  const dot = open > 0 ? `<circle cx='10.5' cy='10.5' r='5.5' fill='%23b3261e'/><text x='10.5' y='13' font-size='7' font-family='sans-serif' font-weight='700' text-anchor='middle' fill='%23fff'>${text}</text>` : "<circle cx='8' cy='7.6' r='2.6' fill='%23fff'/>";
  $("link[rel=icon]")?.setAttribute("href", `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>${shield}${dot}</svg>`);
}

/* Suggestions under the search field -------------------------------------------------------- */

/** @typedef {{text: string, help: string, more: boolean}} Suggestion What takes the word's place; `more` when a value follows. */
/** @type {Suggestion[]} */
let suggested = [];
let suggestedAt = -1;
const searchField = () => /** @type {HTMLInputElement | null} */ ($("input[data-search]"));
const suggestions = () => /** @type {HTMLElement | null} */ ($("#suggestions"));

/** The word the cursor stands in: where it begins, and what of it is before the cursor. @param {HTMLInputElement} field */
function wordAt(field) {
  const before = field.value.slice(0, field.selectionStart ?? field.value.length);
  let quoted = false;
  let start = 0;
  [...before].reduce((place, c) => {
    if (c === '"') quoted = !quoted;
    else if (/\s/u.test(c) && !quoted) start = place + c.length;
    return place + c.length;
  }, 0);
  return { start, word: before.slice(start), quoted };
}

/** What could follow; fields by name, then their values. @param {string} word @returns {Suggestion[]} */
function suggest(word) {
  const [, sign = "", rest = ""] = /^(-?)(.*)$/su.exec(word) ?? [];
  const colon = rest.indexOf(":");
  const fields = $$("[data-fields] dd[data-field]");
  if (colon < 0) {
    const begins = fields.filter((it) => it.dataset.field?.startsWith(rest.toLowerCase()));
    return begins.map((it) => ({ text: `${sign}${it.dataset.field}${it.dataset.field === "attributes" ? "." : ":"}`, help: it.textContent ?? "", more: true }));
  }
  const name = rest.slice(0, colon).toLowerCase();
  const values = rest.slice(colon + 1).split(",");
  const begun = (values.pop() ?? "").toLowerCase();
  const field = fields.find((it) => it.dataset.field === name);
  const words = (field?.dataset.words ?? "").split(" ").filter(Boolean);
  // Where any text may come, the values the page counted are offered.
  const counted = words.length ? [] : $$("a[data-facet][data-value]").filter((it) => it.dataset.of === name).map((it) => it.dataset.value ?? "");
  const kept = [...words, ...counted].filter((it) => it.toLowerCase().startsWith(begun) && it.toLowerCase() !== begun && !values.includes(it));
  const head = `${sign}${rest.slice(0, colon + 1)}${values.map((it) => `${it},`).join("")}`;
  return kept.slice(0, 12).map((it) => ({ text: head + (/[\s",]/u.test(it) ? `"${it.replace(/["\\]/gu, "\\$&")}"` : it), help: "", more: false }));
}

function showSuggestions() {
  const field = searchField();
  if (!field) return;
  const { word, quoted } = wordAt(field);
  suggested = quoted || word === "" || word === "-" ? [] : suggest(word);
  suggestedAt = -1;
  let box = suggestions();
  if (!box) {
    box = el("ul", { class: "suggestions", role: "listbox", id: "suggestions", "aria-label": "Suggestions" });
    field.parentElement?.append(box);
  }
  box.replaceChildren(...suggested.map((it, n) => el("li", { role: "option", id: `suggestion-${n}`, "aria-selected": "false" },
    el("bdi", { class: "mono" }, visible(it.text)), ...(it.help ? [el("span", { class: "muted" }, it.help)] : []))));
  box.hidden = suggested.length === 0;
  field.setAttribute("aria-expanded", String(!box.hidden));
  field.removeAttribute("aria-activedescendant");
}

function hideSuggestions() {
  suggested = [];
  const box = suggestions();
  if (box) box.hidden = true;
  searchField()?.setAttribute("aria-expanded", "false");
  searchField()?.removeAttribute("aria-activedescendant");
}

/** @param {number} n */
function markSuggestion(n) {
  suggestedAt = (n + suggested.length) % suggested.length;
  for (const [at, node] of $$("#suggestions [role=option]").entries()) {
    node.setAttribute("aria-selected", String(at === suggestedAt));
    if (at === suggestedAt) node.scrollIntoView({ block: "nearest" });
  }
  searchField()?.setAttribute("aria-activedescendant", `suggestion-${suggestedAt}`);
}

/** Puts a suggestion in place of the word. @param {number} n */
function takeSuggestion(n) {
  const field = searchField();
  const it = suggested[n];
  if (!field || !it) return;
  const { start } = wordAt(field);
  field.setRangeText(it.more ? it.text : `${it.text} `, start, field.selectionStart ?? field.value.length, "end");
  showSuggestions();
  field.focus();
}

document.addEventListener("input", (event) => { if (event.target === searchField()) showSuggestions(); });
document.addEventListener("focusout", (event) => { if (event.target === searchField()) hideSuggestions(); });
document.addEventListener("submit", hideSuggestions);
// Pressing keeps the focus in the field; the click then takes it.
document.addEventListener("pointerdown", (event) => { if (suggestions()?.contains(/** @type {Node} */ (event.target))) event.preventDefault(); });
document.addEventListener("mousedown", (event) => { if (suggestions()?.contains(/** @type {Node} */ (event.target))) event.preventDefault(); });
document.addEventListener("click", (event) => {
  const option = /** @type {HTMLElement} */ (event.target).closest("#suggestions [role=option]");
  if (option) takeSuggestion([...(option.parentElement?.children ?? [])].indexOf(option));
});
document.addEventListener("keydown", (event) => {
  if (event.target !== searchField() || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && suggested.length === 0) showSuggestions();
  if (suggested.length === 0) return;
  if (step) markSuggestion(suggestedAt < 0 && step < 0 ? -1 : suggestedAt + step);
  else if (event.key === "Enter" && suggestedAt >= 0) takeSuggestion(suggestedAt);
  else if (event.key === "Tab" && !event.shiftKey) takeSuggestion(Math.max(0, suggestedAt));
  else if (event.key === "Escape") hideSuggestions();
  else return;
  event.preventDefault();
});
whenever(() => {
  const field = searchField();
  if (!field) return;
  // A combobox is a text field; what the browser offers on its own would lie over the list.
  field.type = "text";
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", "suggestions"]]) field.setAttribute(name ?? "", value ?? "");
});

/* A critical alert is heard and seen elsewhere, for those who asked for it ------------------- */

/** Two short tones, quiet. */
function sound() {
  const audio = new AudioContext();
  const gain = audio.createGain();
  gain.gain.value = 0.1;
  gain.connect(audio.destination);
  [660, 880].forEach((pitch, n) => {
    const tone = audio.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(gain);
    tone.start(audio.currentTime + n * 0.18);
    tone.stop(audio.currentTime + n * 0.18 + 0.14);
    if (n === 1) tone.onended = () => audio.close();
  });
}

let heardAt = 0;

/** @param {{id: number, severity: string}} alert */
function callOut(alert) {
  if (alert.severity !== "CRITICAL" || !isLeading() || Date.now() - heardAt < 5_000) return;
  heardAt = Date.now();
  if (document.body.dataset.sound === "true") sound();
  if (document.body.dataset.notifications === "true" && "Notification" in window && Notification.permission === "granted" && document.hidden) {
    // Its number alone: what a sender wrote has no place outside of the page.
    const note = new Notification(`Critical alert #${alert.id}`, { tag: "watchpost-critical" });
    note.onclick = () => { window.focus(); go(`/alerts/${alert.id}`); };
  }
}

/* Start -------------------------------------------------------------------------------------- */

/** What buttons with `data-do` do. @type {Record<string, (button: HTMLElement) => void>} */
export const deeds = {
  palette,
  shortcuts: showShortcuts,
  theme: () => setTheme(next(root.dataset.theme ?? "system", ["system", "dark", "light"])),
  zone: () => setZone(root.dataset.zone === "local" ? "UTC" : "local"),
  density: () => setDensity(next(root.dataset.density ?? "standard", ["compact", "standard", "comfortable"])),
  copy: (button) => copy(button.dataset.copy ?? ""),
  password: (button) => {
    const field = /** @type {HTMLInputElement | null} */ (document.getElementById(button.getAttribute("aria-controls") ?? ""));
    if (!field) return;
    const shows = field.type === "password";
    field.type = shows ? "text" : "password";
    button.setAttribute("aria-pressed", String(shows));
  },
};

document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const button = /** @type {HTMLElement | null} */ (target.closest("[data-do]"));
  if (button) deeds[button.dataset.do ?? ""]?.(button);
  for (const menu of $$("details[data-menu][open]")) if (!menu.contains(target)) menu.removeAttribute("open");
});
document.addEventListener("keydown", typed);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = /** @type {HTMLElement | null} */ ($("details[data-menu][open]"));
  menu?.removeAttribute("open");
  /** @type {HTMLElement | null} */ (menu?.querySelector("summary"))?.focus();
});
// A form is sent once: a second press while it is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 3_000);
});

whenever(() => {
  for (const node of $$("[data-do][hidden]:not([data-stay-hidden])")) node.hidden = false;
  tick();
});
setInterval(tick, 30_000);

if (me.id) {
  bind({ keys: "?", where: "Everywhere", does: "This list", run: showShortcuts });
  bind({ keys: "Ctrl+k", where: "Everywhere", does: "Command palette", run: palette });
  bind({ keys: "/", where: "Everywhere", does: "Search on this page", run: () => /** @type {HTMLElement | null} */ ($("[data-search]"))?.focus() });
  for (const [key, href, name] of [["o", "/", "Overview"], ["a", "/alerts", "Alerts"], ["e", "/events", "Events"], ["u", "/admin/users", "Users"], ["k", "/admin/keys", "Ingest keys"], ["l", "/admin/audit", "Audit log"], ["s", "/admin/settings", "Settings"]]) {
    if ($(`.side a[href="${href}"]`)) bind({ keys: `g ${key}`, where: "Everywhere", does: name ?? "", run: () => go(href ?? "/") });
  }
  bind({ keys: "t", where: "Everywhere", does: "UTC or local time", run: () => deeds.zone?.(document.body) });
  bind({ keys: "D", where: "Everywhere", does: "Theme: system, dark, light", run: () => deeds.theme?.(document.body) });
  bind({ keys: "p", where: "Everywhere", does: "Pause live updates, or go on", run: togglePause });
  showZone();
  paintIcon(Number(document.body.dataset.open ?? 0));
  $("[data-live]")?.addEventListener("click", togglePause);
  on("stats", (data) => {
    const open = data.open ?? Object.values(data.open_by_severity ?? {}).reduce((sum, n) => sum + Number(n), 0);
    showOpen(Number(open));
  });
  on("created", callOut);
  start();
  if (document.body.dataset.skewed) {
    const seconds = Number(document.body.dataset.skewed);
    $("main")?.prepend(el("div", { class: "banner warn", role: "status" }, el("p", {}, `This computer's clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} the server's. Times here are the server's.`)));
  }
  // On a phone the navigation is a sheet.
  $(".nav-button")?.addEventListener("click", (event) => {
    event.preventDefault();
    $("#navigation")?.setAttribute("data-open", "");
    /** @type {HTMLElement | null} */ ($("#navigation .nav-close"))?.focus();
  });
  $(".nav-close")?.addEventListener("click", (event) => {
    event.preventDefault();
    $("#navigation")?.removeAttribute("data-open");
    /** @type {HTMLElement | null} */ ($(".nav-button"))?.focus();
  });
}

