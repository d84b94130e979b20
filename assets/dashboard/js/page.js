// What every page's script uses: finding and making elements, asking the server, telling people.
// Nothing here, and nothing that uses it, turns a string into markup.

/** @template {Element} T @param {string} selector @param {ParentNode} [within] @returns {T | null} */
export const $ = (selector, within = document) => /** @type {T | null} */ (within.querySelector(selector));

/** @param {string} selector @param {ParentNode} [within] @returns {HTMLElement[]} */
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)].map((it) => /** @type {HTMLElement} */ (it));

/**
 * Makes an element; strings become text, never markup.
 * @param {string} tag
 * @param {Record<string, unknown>} [props] Attributes; `on…` are listeners, false and null are left out.
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** A picture of the sprite. @param {string} name @returns {SVGElement} */
export function icon(name) {
  const svg = /** @type {SVGElement} */ (document.createElementNS(SVG, "svg"));
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.body.dataset.assets}/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** The signed-in person, as the page says. */
export const me = {
  id: Number(document.body.dataset.user ?? 0),
  name: document.body.dataset.name ?? "",
  /** @param {string} capability */
  can: (capability) => (document.body.dataset.capabilities ?? "").split(" ").includes(capability),
};

/** How far the browser's clock runs ahead of the server's, in milliseconds. */
export const skew = Date.now() - Date.parse(document.body.dataset.now ?? new Date().toISOString());

/** The server's time now. @returns {number} */
export const now = () => Date.now() - skew;

/** A key by which a repeated request is known. @returns {string} 128 random bits as hex. */
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

/** An answer that was not the wished one; `message` is fit to be shown. */
export class Refusal extends Error {
  /** @param {number} status @param {any} problem @param {number} retryAfter Seconds. */
  constructor(status, problem, retryAfter = 0) {
    const fields = Object.entries(problem?.errors ?? {}).map(([field, what]) => `${field}: ${/** @type {string[]} */ (what).join("; ")}`);
    super(fields.join(". ") || problem?.detail || problem?.title || "The server did not answer");
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

const OFFLINE = { title: "No connection", detail: "The server cannot be reached. Nothing was changed." };
/** An answer that is lost does not tell whether the request was. */
const LOST = { title: "No connection", detail: "The server cannot be reached. It is not known whether this was done: look again before you repeat it." };

/** @type {Promise<void> | null} */
let signingIn = null;

/** Asks for name and password over the page; nothing typed elsewhere is lost. */
export function signInAgain() {
  signingIn ??= new Promise((done) => {
    const message = el("p", { class: "form-error", role: "alert" });
    const password = /** @type {HTMLInputElement} */ (el("input", { class: "input", id: "again-password", type: "password", autocomplete: "current-password", required: true, autofocus: true }));
    const dialog = /** @type {HTMLDialogElement} */ (
      el("dialog", { "aria-labelledby": "again-title", id: "sign-in-again" },
        el("form", { onsubmit: submit },
          el("h2", { id: "again-title" }, "Your session has ended"),
          el("p", { class: "muted" }, "Sign in again to go on where you are. What you typed is kept."),
          el("div", { class: "field" }, el("span", { class: "label" }, "User name"), el("bdi", { class: "mono" }, me.name)),
          el("div", { class: "field" }, el("label", { for: "again-password" }, "Password"), password),
          message,
          el("div", { class: "dialog-actions" },
            el("a", { class: "button", href: "/login" }, "Use another account"),
            el("button", { class: "button primary" }, "Sign in")))));
    /** @param {Event} event */
    async function submit(event) {
      event.preventDefault();
      const answer = await send("POST", "/api/auth/session/", { username: me.name, password: password.value });
      if (answer.status === 200) {
        document.dispatchEvent(new CustomEvent("signed-in"));
      } else {
        message.textContent = answer.status === 401 ? "Wrong password" : new Refusal(answer.status, answer.status ? answer.data : OFFLINE).message;
        password.select();
      }
    }
    const back = () => dialog.showModal();
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    // Browsers let Escape be refused once only: what was closed opens again as it was.
    dialog.addEventListener("close", back);
    // Here, or in another tab by the same person.
    document.addEventListener("signed-in", () => {
      dialog.removeEventListener("close", back);
      dialog.close();
      dialog.remove();
      signingIn = null;
      done();
    }, { once: true });
    document.body.append(dialog);
    dialog.showModal();
  });
  return signingIn;
}

/**
 * @typedef {{status: number, data: any, headers: Headers}} Answer
 * @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers]
 * @returns {Promise<Answer>} Status 0 when the server could not be reached.
 */
async function send(method, path, body, headers = {}) {
  try {
    const response = await fetch(path, {
      method,
      headers: { "X-Watchpost": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
    const isJson = (response.headers.get("content-type") ?? "").includes("json");
    return { status: response.status, data: isJson ? await response.json() : null, headers: response.headers };
  } catch {
    return { status: 0, data: method === "GET" ? OFFLINE : LOST, headers: new Headers() };
  }
}

/**
 * Asks the API; signs in again when the session has ended.
 * @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers]
 * @returns {Promise<Answer>}
 * @throws {Refusal} For any answer but a success.
 */
export async function api(method, path, body, headers) {
  for (;;) {
    const answer = await send(method, path, body, headers);
    if (answer.status === 401) {
      await signInAgain();
      continue;
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new Refusal(answer.status, answer.data, Number(answer.headers.get("retry-after") ?? 0));
  }
}

/** Milliseconds until the click that a touch makes is no longer awaited. */
const CLICK_MAX = 50;
/** Milliseconds after which a release that nobody told, such as that of a scroll bar, is taken for told. */
const PRESS_MAX = 10_000;

/** Settled while nothing on the page is pressed. @type {Promise<void>} */
let released = Promise.resolve();
document.addEventListener("pointerdown", (press) => {
  if (press.button !== 0) return;
  released = new Promise((done) => {
    const listening = new AbortController();
    const options = { capture: true, signal: listening.signal };
    const end = () => { listening.abort(); done(); };
    setTimeout(end, PRESS_MAX);
    // After whatever else the click does.
    addEventListener("click", () => setTimeout(end), options);
    for (const over of ["pointerup", "pointercancel", "blur"]) addEventListener(over, () => setTimeout(end, CLICK_MAX), options);
    addEventListener("pointermove", (move) => { if (move.buttons === 0) end(); }, options);
  });
}, { capture: true });

/**
 * Loads a page as a document, to take parts out of it. The browser parses it, no script of ours.
 * It is given when nothing is pressed: a link that is exchanged between press and release is not
 * followed, and a selection being drawn would be lost.
 * @param {string} url @returns {Promise<Document>} @throws {Refusal}
 */
export async function load(url) {
  for (;;) {
    const answer = await request(url);
    await released;
    if (answer instanceof Document) return answer;
    if (answer.status !== 401) throw answer;
    await signInAgain();
  }
}

/** @param {string} url @returns {Promise<Document | Refusal>} */
const request = (url) =>
  new Promise((done) => {
    const xhr = new XMLHttpRequest();
    xhr.open("GET", url);
    xhr.setRequestHeader("X-Watchpost-Fragment", "1");
    xhr.onreadystatechange = () => {
      if (xhr.readyState !== XMLHttpRequest.HEADERS_RECEIVED) return;
      xhr.responseType = (xhr.getResponseHeader("content-type") ?? "").includes("json") ? "json" : "document";
    };
    xhr.onload = () => {
      const retry = Number(xhr.getResponseHeader("retry-after") ?? 0);
      if (xhr.status === 200 && xhr.response instanceof Document) done(xhr.response);
      else done(new Refusal(xhr.status, xhr.responseType === "json" ? xhr.response : null, retry));
    };
    xhr.onerror = () => done(new Refusal(0, OFFLINE));
    xhr.send();
  });

/**
 * Puts elements of another document in place of those with the same id here; keeps the focus.
 * @param {Document} from @param {...string} ids
 */
export function swap(from, ...ids) {
  const focused = document.activeElement;
  const focusId = focused?.id || null;
  const focusKey = focused instanceof HTMLElement ? focused.closest("[data-id]")?.getAttribute("data-id") : null;
  for (const id of ids) {
    const fresh = from.getElementById(id);
    const old = document.getElementById(id);
    if (!old) continue;
    if (fresh) old.replaceWith(document.adoptNode(fresh));
    else old.replaceChildren();
  }
  if (focused && !focused.isConnected) {
    const again = (focusId && document.getElementById(focusId)) || (focusKey && $(`[data-id="${CSS.escape(focusKey)}"]`));
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }
  tell();
}

/** @type {(() => void)[]} */
const watchers = [];

/** Runs now, and whenever parts of the page were exchanged. @param {() => void} work */
export function whenever(work) {
  watchers.push(work);
  work();
}

/** Says that parts of the page were exchanged. */
export function tell() {
  for (const work of watchers) work();
}

/** Shows that something takes long, from 150 ms on. @template T @param {Promise<T>} work @returns {Promise<T>} */
export async function busy(work) {
  const line = el("div", { class: "progress", role: "progressbar", "aria-label": "Loading" });
  const timer = setTimeout(() => document.body.append(line), 150);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    line.remove();
  }
}

/**
 * A message that goes by itself; it stays while the pointer or the focus is on it.
 * @param {string} text
 * @param {{error?: boolean, label?: string, act?: () => void, seconds?: number}} [options]
 * @returns {() => void} Takes it away.
 */
export function toast(text, { error = false, label, act, seconds = error ? 20 : 10 } = {}) {
  const box = el("div", { class: error ? "toast error" : "toast", role: error ? "alert" : "status" }, el("p", {}, text));
  const away = () => {
    clearTimeout(timer);
    box.remove();
  };
  if (label && act) {
    box.append(el("button", { type: "button", class: "button small", "data-toast-act": "", onclick: () => { away(); act(); } }, label));
  }
  box.append(el("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", onclick: away }, icon("close")));
  let timer = setTimeout(away, seconds * 1000);
  const hold = () => clearTimeout(timer);
  const go = () => { clearTimeout(timer); timer = setTimeout(away, 4000); };
  box.addEventListener("pointerenter", hold);
  box.addEventListener("focusin", hold);
  box.addEventListener("pointerleave", go);
  box.addEventListener("focusout", go);
  $("[data-toasts]")?.append(box);
  return away;
}

/** Says what went wrong, with the request's id to quote and a countdown when it was too fast. @param {unknown} error */
export function complain(error) {
  if (!(error instanceof Refusal)) throw error;
  const id = error.problem?.request_id;
  if (error.status === 429 && error.retryAfter > 0) {
    toast(`Slow down: try again in ${error.retryAfter} s`, { error: true, seconds: error.retryAfter });
    return;
  }
  const text = error.problem?.title ? `${error.problem.title}: ${error.message}` : error.message;
  toast(text, { error: true, ...(id ? { label: "Copy request id", act: () => copy(id, "Request id copied") } : {}) });
}

const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/u;

/** Text from outside, fit to be read: what cannot be seen by its number, as the server writes it. @param {string} text */
export const visible = (text) =>
  text
    .replace(new RegExp(HIDDEN, "gu"), (c) => `⟦U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟧`)
    .replace(/(\p{M}{4})(\p{M}+)/gu, (_, kept, rest) => `${kept}⟦+${[...rest].length} marks⟧`);

/** Copies exactly; says so when the text holds what cannot be seen. @param {string} text @param {string} [said] */
export async function copy(text, said = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context there is no clipboard: select it in a field for the person to copy.
    const area = /** @type {HTMLTextAreaElement} */ (el("textarea", { class: "textarea", "aria-label": "Text to copy", readonly: true }));
    area.value = text;
    const dialog = /** @type {HTMLDialogElement} */ (el("dialog", {}, el("div", { class: "dialog-body" }, el("p", {}, "Press Ctrl C to copy."), area)));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    area.select();
    return;
  }
  toast(HIDDEN.test(text) ? `${said}, with characters in it that cannot be seen` : said, { seconds: 4 });
}

/** Seconds in one unit, as the server says them. @param {number} seconds */
const age = (seconds) =>
  seconds < 60 ? `${Math.max(0, Math.floor(seconds))} s`
  : seconds < 3600 ? `${Math.floor(seconds / 60)} min`
  : seconds < 172800 ? `${Math.floor(seconds / 3600)} h`
  : `${Math.floor(seconds / 86400)} d`;

/** @param {Date} date @param {boolean} local */
export function instant(date, local) {
  if (!local) return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? "−" : "+";
  const zone = `${sign}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())} ${zone}`;
}

/** Writes every moment of the page in the chosen zone, and every age as of now. */
export function tick() {
  const local = document.documentElement.dataset.zone === "local";
  for (const node of $$("time[data-time], time[data-ago]")) {
    const date = new Date(/** @type {HTMLTimeElement} */ (node).dateTime);
    const absolute = instant(date, local);
    if (node.hasAttribute("data-ago")) {
      node.title = absolute;
      const text = age((now() - date.getTime()) / 1000);
      if (node.textContent !== text) node.textContent = text;
    } else if (node.textContent !== absolute) node.textContent = absolute;
  }
}
