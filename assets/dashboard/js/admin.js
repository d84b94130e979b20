// Administration and one's own account: questions before what cannot be taken back, tokens held
// in memory only, the audit chain verified without a reload. Every form works without this too.
import { $, $$, api, busy, complain, copy, el, icon, instant, visible } from "./page.js";
import { bind, deeds, openDialog } from "./shell.js";

/* Questions --------------------------------------------------------------------------------- */

/** Asks, then sends the form as it would have been. @param {HTMLFormElement} form @param {HTMLElement | null} button */
function ask(form, button) {
  const label = form.dataset.confirmLabel ?? "Go on";
  const object = form.dataset.confirmObject ?? $("h1")?.textContent ?? "";
  const yes = el("button", { type: "button", class: label.match(/Delete|Revoke|Disable/u) ? "button danger" : "button primary" }, label);
  const dialog = openDialog(`${label}?`,
    ...(form.dataset.confirmObject || form.getAttribute("action")?.includes("/change") ? [el("p", {}, el("strong", {}, el("bdi", {}, visible(object))))] : []),
    el("p", {}, form.dataset.confirm ?? ""),
    el("div", { class: "dialog-actions" }, el("button", { type: "button", class: "button", autofocus: true, onclick: () => dialog.close() }, "Cancel"), yes));
  yes.addEventListener("click", () => {
    form.append(el("input", { type: "hidden", name: "sure", value: "yes" }));
    form.dataset.sure = "yes";
    dialog.close();
    form.requestSubmit(button);
  });
}

// Before the frame's own listener, which would take the form for sent.
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.dataset.confirm || form.dataset.sure) return;
  event.preventDefault();
  event.stopPropagation();
  ask(form, /** @type {SubmitEvent} */ (event).submitter);
}, true);

/* Forms ------------------------------------------------------------------------------------- */

const create = /** @type {HTMLDetailsElement | null} */ ($("#create"));
if (create) {
  bind({ keys: "c", where: "This page", does: "Create", run: () => {
    create.open = true;
    create.querySelector("input")?.focus();
  } });
}

// The field for a password is there when one is to be typed.
const typed = /** @type {HTMLInputElement | null} */ ($("[data-typed]"));
if (typed) {
  const field = /** @type {HTMLInputElement} */ ($("[data-new-password]"));
  const show = () => {
    const box = /** @type {HTMLElement} */ (field.closest(".password"));
    box.hidden = !typed.checked;
    /** @type {HTMLElement} */ ($("#password-hint")).hidden = !typed.checked;
    field.required = typed.checked;
    if (!typed.checked) field.value = "";
  };
  for (const radio of $$("[name=secret]")) radio.addEventListener("change", () => { show(); if (typed.checked) field.focus(); });
  show();
}

// What is too short is said before it is sent; the rest only the server knows.
for (const node of $$("input[data-min]")) {
  const field = /** @type {HTMLInputElement} */ (node);
  const min = Number(field.dataset.min);
  field.addEventListener("input", () => {
    const left = min - [...field.value].length;
    field.setCustomValidity(field.value && left > 0 ? `${left} more ${left === 1 ? "character" : "characters"} needed` : "");
  });
}

const notifications = /** @type {HTMLInputElement | null} */ ($("[data-notifications]"));
notifications?.addEventListener("change", async () => {
  if (!notifications.checked || !("Notification" in window)) return;
  if ((await Notification.requestPermission()) === "denied") {
    notifications.checked = false;
    openDialog("Notifications are blocked", el("p", {}, "This browser refuses notifications from here. Allow them in its settings for this site first."));
  }
});

/* The audit chain --------------------------------------------------------------------------- */

const verify = /** @type {HTMLFormElement | null} */ ($("[data-verify]"));
verify?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = /** @type {HTMLButtonElement} */ (verify.querySelector("button"));
  button.disabled = true;
  try {
    const { data } = await busy(api("GET", "/api/audit/verify/"));
    // What is broken the server's page explains, with a link to it.
    if (!data.intact) { verify.submit(); return; }
    $("#chain")?.replaceChildren(el("span", { class: "success" }, icon("resolved")), ` Chain verified to #${data.entries.toLocaleString("en")}`);
    $("#chain-banner")?.replaceChildren(el("div", { class: "banner" }, el("p", {},
      "Hash of the last entry: ", el("code", { class: "admin-hash" }, data.head), " ",
      el("button", { type: "button", class: "button small", onclick: () => copy(data.head) }, icon("copy"), " Copy"),
      el("br"), el("span", { class: "muted" }, "Noted elsewhere, it proves later that nothing before it was changed."))));
  } catch (error) {
    complain(error);
  } finally {
    button.disabled = false;
  }
});

/* Tokens ------------------------------------------------------------------------------------ */

/** How long the page may be hidden before tokens are blanked, in milliseconds. */
const HIDDEN_MAX = 60_000;

const result = $("[data-token-result]");
const held = /** @type {HTMLFormElement | null} */ ($("[data-token-held]"));
const access = /** @type {HTMLTextAreaElement | null} */ ($("[data-access]"));
const refresh = /** @type {HTMLInputElement | null} */ ($("[data-refresh]"));
const meanings = { typ: "what kind of token it is", sub: "whose it is, by id", sid: "the session it belongs to", jti: "its own id", iat: "when it was issued", nbf: "from when it counts", exp: "when it expires", iss: "who issued it", aud: "whom it is for" };

/** @param {string} text */
function say(text, error = false) {
  const place = $(error ? "[data-token-error]" : "[data-token-said]");
  const other = $(error ? "[data-token-said]" : "[data-token-error]");
  if (other) other.textContent = "";
  if (place instanceof HTMLElement) { place.hidden = false; place.textContent = text; }
}

/** The payload of a token, unverified. @param {string} token @returns {Record<string, unknown>} */
function payload(token) {
  try {
    const bytes = Uint8Array.from(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

/** Shows a pair, or nothing. @param {string} one @param {string} two */
function hold(one, two) {
  if (!access || !refresh || !(result instanceof HTMLElement)) return;
  access.value = one;
  refresh.value = two;
  result.hidden = !one;
  $("[data-claims]")?.replaceChildren(...Object.entries(payload(one)).flatMap(([name, value]) => [
    el("dt", {}, el("code", {}, name), ` ${meanings[/** @type {keyof typeof meanings} */ (name)] ?? ""}`),
    el("dd", { class: "mono" }, ["iat", "nbf", "exp"].includes(name) ? `${value} (${instant(new Date(Number(value) * 1000), false)})` : String(value)),
  ]));
}

// Not `api()`: 401 means a wrong password here, not that the viewer's own session has ended.
/** @param {string} path @param {unknown} body */
async function post(path, body) {
  const response = await fetch(path, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json", "X-Watchpost": "1" }, body: JSON.stringify(body) });
  const data = await response.json().catch(() => null);
  const fields = Object.values(data?.errors ?? {}).flat().join("; ");
  return { ok: response.ok, data, why: fields || data?.detail || "The server did not answer" };
}

/** @param {HTMLButtonElement | null} button @param {() => Promise<void>} work */
async function once(button, work) {
  if (button) button.disabled = true;
  try {
    await busy(work());
  } catch {
    say("The server cannot be reached.", true);
  } finally {
    if (button) button.disabled = false;
  }
}

const make = /** @type {HTMLFormElement | null} */ ($("[data-token-form]"));
make?.addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = new FormData(make);
  const password = /** @type {HTMLInputElement} */ (make.elements.namedItem("password"));
  once(/** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter), async () => {
    const { ok, data, why } = await post("/api/auth/token/", { username: fields.get("username"), password: fields.get("password") });
    if (!ok) { say(why, true); password.select(); return; }
    password.value = "";
    hold(data.access, data.refresh);
    say(`Made for ${data.user?.username ?? "this user"}.`);
    /** @type {HTMLElement | null} */ ($("#made"))?.focus();
  });
});

held?.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = /** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter);
  once(button, async () => {
    if (button?.value === "refresh") {
      const { ok, data, why } = await post("/api/auth/token/refresh/", { refresh: refresh?.value });
      if (ok) { hold(data.access, data.refresh); say("Here is a new pair. The old refresh token is spent."); } else say(why, true);
    } else {
      const { ok, why } = await post("/api/auth/token/verify/", { token: access?.value });
      if (ok) say("The access token counts."); else say(why, true);
    }
  });
});

deeds["token-copy"] = () => copy(access?.value ?? "", "Access token copied");
deeds["token-header"] = () => copy(`Authorization: Bearer ${access?.value ?? ""}`, "Header copied");
deeds["token-refresh-copy"] = () => copy(refresh?.value ?? "", "Refresh token copied");

if (access) {
  let timer = 0;
  const blank = () => {
    if (!access.value) return;
    hold("", "");
    say("The tokens were blanked because this page was hidden for a minute. Make new ones.");
    if (make) say("The tokens were blanked because this page was hidden for a minute. Make new ones.", true);
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = window.setTimeout(blank, HIDDEN_MAX);
  });
  // Nothing stays in the browser's memory of pages.
  window.addEventListener("pagehide", () => hold("", ""));
}
