// One alert, beside the list or on its own page: tabs, changes, comments, and the questions that
// a change asks.
import { $, $$, Refusal, api, busy, complain, copy, el, load, me, tell, toast, whenever, newKey } from "./page.js";
import { bind, deeds, openDialog } from "./shell.js";
import { on } from "./live.js";

const panel = () => /** @type {HTMLElement | null} */ ($("#panel"));
const article = () => /** @type {HTMLElement | null} */ ($("#alert"));
const triages = me.can("alert:triage");

/** Comments half written, by alert: kept while another alert is looked at. @type {Map<string, string>} */
const drafts = new Map();
let tab = "timeline";

/* Beside the list ------------------------------------------------------------------------------ */

/** The alert asked for last; an answer that was overtaken is left. */
let wanted = "";

/** Shows an alert beside the list. @param {string} id @param {{focus?: boolean}} [options] */
export async function openPanel(id, { focus = false } = {}) {
  const aside = panel();
  if (!aside) return;
  wanted = id;
  try {
    const doc = await busy(load(`/alerts/${id}?beside=true&tab=${tab}`));
    if (wanted !== id) return;
    const fresh = doc.getElementById("alert");
    if (!fresh) return;
    keepDraft();
    aside.hidden = false;
    aside.setAttribute("aria-label", `Alert #${id}`);
    $("#alerts-frame")?.classList.add("with-panel");
    aside.replaceChildren(document.adoptNode(fresh));
    aside.scrollTop = 0;
    giveDraft();
    tell();
    if (focus) /** @type {HTMLElement | null} */ ($("#alert-title"))?.focus({ preventScroll: true });
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) toast(`There is no alert #${id}. It may have been deleted with its event.`, { error: true });
    else complain(error);
  }
}

/** Closes it; says whether one was open. @param {boolean} [tellList] @returns {boolean} */
export function closePanel(tellList = true) {
  const aside = panel();
  if (!aside || aside.hidden) {
    wanted = "";
    return false;
  }
  keepDraft();
  wanted = "";
  aside.hidden = true;
  aside.replaceChildren();
  $("#alerts-frame")?.classList.remove("with-panel");
  if (tellList) document.dispatchEvent(new CustomEvent("alert:close"));
  return true;
}

/** Shows the open alert as it is now; a comment being written and the focus stay. @param {boolean} [whole] Also a list that is open. */
export async function patchPanel(whole = false) {
  const id = article()?.dataset.alert;
  if (!id) return;
  const beside = panel() !== null;
  try {
    const doc = await load(`/alerts/${id}${beside ? `?beside=true&tab=${tab}` : ""}`);
    if (article()?.dataset.alert !== id) return;
    const fresh = doc.getElementById("alert");
    const old = article();
    if (!fresh || !old || Number(fresh.dataset.alertVersion) < Number(old.dataset.alertVersion)) return;
    const focused = document.activeElement;
    const hadFocus = focused instanceof HTMLElement && old.contains(focused) && focused.id !== "comment";
    const key = hadFocus ? focused.getAttribute("data-do") ?? focused.id : "";
    for (const part of ["alert-head", "alert-actions", "alert-facts", "alert-section", "timeline"]) {
      const next = doc.getElementById(part);
      const now_ = document.getElementById(part);
      // A list that is open, or a form being filled, is left alone.
      if (next && now_ && !(now_.contains(document.activeElement) && now_.matches("#alert-actions") && focused?.matches("select") && !whole)) now_.replaceWith(document.adoptNode(next));
    }
    for (const name of ["alertVersion", "alertStatus"]) old.dataset[name] = fresh.dataset[name];
    tell();
    if (hadFocus && key) /** @type {HTMLElement | null} */ ($(`[data-do="${key}"], #${CSS.escape(key)}`, old))?.focus({ preventScroll: true });
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) {
      toast(`Alert #${id} was deleted with its event`, { error: true });
      closePanel();
    }
  }
}

function keepDraft() {
  const id = article()?.dataset.alert;
  const field = /** @type {HTMLTextAreaElement | null} */ ($("#comment"));
  if (!id || !field) return;
  if (field.value.trim()) drafts.set(id, field.value);
  else drafts.delete(id);
}

function giveDraft() {
  const field = /** @type {HTMLTextAreaElement | null} */ ($("#comment"));
  const text = drafts.get(article()?.dataset.alert ?? "");
  if (field && text) field.value = text;
}

/* Changing --------------------------------------------------------------------------------------- */

/** @param {Record<string, unknown>} body @param {string} done @param {boolean} [anyway] */
async function change(body, done, anyway = false) {
  const alert = article();
  if (!alert) return;
  const id = alert.dataset.alert;
  try {
    const { headers } = await busy(api("PATCH", `/api/alerts/${id}/`, body, anyway ? {} : { "If-Match": `"${alert.dataset.alertVersion}"` }));
    const token = remember(headers.get("x-undo-token"));
    toast(done, token ? { label: "Undo", act: () => takeBack(token) } : {});
    await patchPanel();
  } catch (error) {
    if (error instanceof Refusal && error.status === 412) await conflict(body, done);
    else {
      complain(error);
      await patchPanel(true);
    }
  }
}

/** What takes the last change back, and until when. @type {{token: string, until: number} | null} */
let lastUndo = null;

/** Keeps what takes the last change back; a change without it leaves nothing to take back. @param {string | null} token */
export function remember(token) {
  lastUndo = token ? { token, until: Date.now() + 30_000 } : null;
  return token;
}

/** What takes the last change back, once. @returns {string | null} */
export function recall() {
  const token = lastUndo && Date.now() < lastUndo.until ? lastUndo.token : null;
  lastUndo = null;
  return token;
}

/** @param {string} token */
async function takeBack(token) {
  lastUndo = null;
  try {
    await api("POST", "/api/undo/", { undo_token: token });
    toast("Taken back");
    await patchPanel();
  } catch (error) {
    complain(error);
  }
}

/** Somebody was faster: shows what they did, and asks. @param {Record<string, unknown>} body @param {string} done */
async function conflict(body, done) {
  await patchPanel(true);
  const last = $("#timeline > li");
  const dialog = openDialog("It was changed meanwhile",
    el("p", {}, "Somebody changed this alert after you opened it. The last thing that happened:"),
    el("ol", { class: "timeline" }, ...(last ? [last.cloneNode(true)] : [])),
    el("div", { class: "dialog-actions" },
      el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Leave it as it is"),
      el("button", { type: "button", class: "button primary", onclick: () => { dialog.close(); change(body, done, true); } }, "Apply anyway")));
}

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = /** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter);
  if (form.matches("[data-alert-form]")) {
    event.preventDefault();
    if (button?.value === "acknowledge") change({ status: "ACKNOWLEDGED" }, "Acknowledged");
    else if (button?.value === "reopen") change({ status: "OPEN" }, "Reopened");
  } else if (form.matches("[data-comment-form]")) {
    event.preventDefault();
    sendComment();
  }
});
document.addEventListener("change", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (!target.matches("[data-owner]")) return;
  const name = /** @type {HTMLSelectElement} */ (target).value;
  change({ assigned_to: name || null }, name ? `Assigned to ${name}` : "Nobody owns it now");
});

/** The key of the comment being sent: the same until it is kept, so that a lost answer makes no second one. */
let commentKey = "";
let sending = false;

async function sendComment() {
  const field = /** @type {HTMLTextAreaElement | null} */ ($("#comment"));
  const id = article()?.dataset.alert;
  if (!field || !id || !field.value.trim() || sending) return;
  const text = field.value;
  sending = true;
  commentKey ||= newKey();
  try {
    await busy(api("POST", `/api/alerts/${id}/comments/`, { text }, { "Idempotency-Key": commentKey }));
    commentKey = "";
    field.value = "";
    drafts.delete(id);
    await patchPanel();
  } catch (error) {
    // Refused is not kept: another text is another comment.
    if (error instanceof Refusal && error.status !== 0) commentKey = "";
    complain(error);
  } finally {
    sending = false;
  }
}

/* Questions -------------------------------------------------------------------------------------- */

/**
 * Asks why alerts are resolved; 1 to 8 choose, Enter confirms.
 * @param {string} what Such as `3 alerts`. @returns {Promise<{resolution: string, note?: string} | null>}
 */
export function askResolution(what) {
  return new Promise((done) => {
    const choices = resolutions().map(([word, label], n) =>
      el("label", { class: "check choice" }, el("input", { type: "radio", name: "resolution", value: word, required: true }), el("kbd", {}, String(n + 1)), label));
    const note = /** @type {HTMLTextAreaElement} */ (el("textarea", { class: "textarea", id: "ask-note", maxlength: "16384", rows: "2" }));
    const form = /** @type {HTMLFormElement} */ (el("form", { class: "stack" },
      el("fieldset", { class: "stack tight" }, el("legend", {}, "Why?"), ...choices),
      el("div", { class: "field" }, el("label", { for: "ask-note" }, "Note (optional, needed with Other)"), note),
      el("div", { class: "dialog-actions" },
        el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
        el("button", { class: "button primary" }, `Resolve ${what}`))));
    const dialog = openDialog(`Resolve ${what}`, form);
    let answer = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const resolution = String(new FormData(form).get("resolution") ?? "");
      if (resolution === "OTHER" && !note.value.trim()) {
        note.setAttribute("aria-invalid", "true");
        note.focus();
        return;
      }
      answer = { resolution, ...(note.value.trim() ? { note: note.value } : {}) };
      dialog.close();
      // Not when the closing is told: the next key may come before that.
      done(answer);
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.target === note || event.ctrlKey || event.altKey || event.metaKey) {
        if (event.target === note && event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
        return;
      }
      const chosen = choices[Number(event.key) - 1];
      if (chosen) {
        const input = /** @type {HTMLInputElement} */ ($("input", chosen));
        input.checked = true;
        input.focus();
        event.preventDefault();
      } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    dialog.addEventListener("close", () => done(answer));
    /** @type {HTMLElement | null} */ ($("input", form))?.focus();
  });
}

/** Word and label of each resolution, as the page brings them. @returns {[string, string][]} */
const resolutions = () => {
  const kept = /** @type {HTMLTemplateElement | null} */ ($("#resolutions"));
  return [...(kept?.content.querySelectorAll("data") ?? [])].map((it) => [it.value, it.textContent ?? ""]);
};

/**
 * Asks for a text. @param {string} title @param {string} label @param {boolean} long
 * @returns {Promise<string | null>}
 */
export function askText(title, label, long) {
  return new Promise((done) => {
    const field = /** @type {HTMLInputElement} */ (el(long ? "textarea" : "input", { class: long ? "textarea" : "input", id: "ask-text", required: true, maxlength: long ? "16384" : "255", autocomplete: "off" }));
    let answer = null;
    const form = /** @type {HTMLFormElement} */ (el("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); answer = field.value.trim() || null; dialog.close(); done(answer); } },
      el("div", { class: "field" }, el("label", { for: "ask-text" }, label), field),
      el("div", { class: "dialog-actions" },
        el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
        el("button", { class: "button primary" }, "OK"))));
    const dialog = openDialog(title, form);
    field.addEventListener("keydown", (event) => { if (long && event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(); });
    dialog.addEventListener("close", () => done(answer));
    field.focus();
  });
}

/* Wiring ----------------------------------------------------------------------------------------- */

document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || !article()?.contains(target)) return;
  const link = /** @type {HTMLAnchorElement | null} */ (target.closest("a[data-tab]"));
  if (link) {
    event.preventDefault();
    tab = link.dataset.tab ?? "timeline";
    const id = article()?.dataset.alert;
    if (panel() && id) openPanel(id).then(() => /** @type {HTMLElement | null} */ ($(`a[data-tab="${tab}"]`))?.focus());
    else location.assign(link.href);
  } else if (target.closest("a[data-close]")) {
    event.preventDefault();
    closePanel();
  } else if (panel() && target.closest("a[data-similar]")) {
    event.preventDefault();
    openPanel(/** @type {HTMLAnchorElement} */ (target.closest("a[data-similar]")).pathname.split("/").pop() ?? "", { focus: true });
  }
});
document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.id === "comment" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) sendComment();
});

const step = (/** @type {number} */ by) => document.dispatchEvent(new CustomEvent("alert:step", { detail: by }));
Object.assign(deeds, {
  "alert-next": () => step(1),
  "alert-previous": () => step(-1),
  "alert-link": () => copy(location.href, "Link copied"),
  "alert-resolve": async () => {
    const answer = await askResolution(`#${article()?.dataset.alert}`);
    if (answer) change({ status: "RESOLVED", ...answer }, "Resolved");
  },
});

const where = "Alert";
const focusComment = () => /** @type {HTMLElement | null} */ ($("#comment"))?.focus();
if (triages) bind({ keys: "c", where, does: "Comment", run: focusComment, when: () => article() !== null });
// Beside the list, the list's own keys act on the alert that is open.
if (!$("#list")) {
  bind({ keys: "y", where, does: "Copy a link", run: () => copy(location.href, "Link copied") });
  if (triages) {
    bind({ keys: "a", where, does: "Acknowledge", run: () => change({ status: "ACKNOWLEDGED" }, "Acknowledged") });
    bind({ keys: "u", where, does: "Reopen", run: () => change({ status: "OPEN" }, "Reopened") });
    bind({ keys: "i", where, does: "Assign to me", run: () => change({ assigned_to: "me" }, "Assigned to you") });
    bind({ keys: "r", where, does: "Resolve…", run: () => deeds["alert-resolve"]?.(document.body) });
  }
  on("updated", (it) => {
    const alert = article();
    if (alert && String(it.id) === alert.dataset.alert && Number(it.version) !== Number(alert.dataset.alertVersion)) patchPanel();
  });
  on("missed", () => patchPanel());
}
window.addEventListener("beforeunload", (event) => {
  const field = /** @type {HTMLTextAreaElement | null} */ ($("#comment"));
  if (field?.value.trim()) event.preventDefault();
});
whenever(() => {
  for (const link of $$("a[data-tab]")) if (link.getAttribute("aria-current")) tab = link.dataset.tab ?? tab;
});
