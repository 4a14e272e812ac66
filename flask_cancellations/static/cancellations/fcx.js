/*
 * flask_cancellations: what the cancel page gains where scripts run. The page is complete without this file.
 *
 * Our own pages load it. A host's diary loads it for the dialog, in one line:
 *   <script type="module" src="{{ url_for('cancellations.static', filename='fcx.js') }}"></script>
 * and then marks its links:  <a href="{{ action.url }}" data-fcx-dialog>{{ action.label }}</a>
 *
 * It adds no style and no handler to markup, so any content security policy with script-src 'self' does. It never
 * sends the form by itself.
 */

const FORM = "form[data-fcx-cancel]";
const LIVE = "[data-fcx-live]";
const ASKED = ["side", "reason", "told", "told_at", "amount"]; // what the amounts depend on; no notes: addresses are logged

/** The form in force in a document or dialog. */
const formIn = (root) => root.querySelector(FORM);
const valueOf = (form, name) => String(new FormData(form).get(name) ?? "");
const parse = (text) => new DOMParser().parseFromString(text, "text/html");

// --- the form ---------------------------------------------------------------------------------------------------

function enhance(form) {
  if (form.dataset.fcxCancel === "on") return;
  form.dataset.fcxCancel = "on";
  const reason = form.elements.reason;
  const groups = [...reason.querySelectorAll("optgroup")];
  form.addEventListener("change", (event) => {
    const name = event.target.name ?? "";
    if (name === "reason") takeSideFrom(form);
    if (name === "side") offerReasons(form, groups);
    showFitting(form);
    if (ASKED.includes(name)) refresh(form);
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "preview") {
      event.preventDefault();
      refresh(form);
    } else if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault(); // the amounts are on their way: they are to be seen first
    }
  });
  offerReasons(form, groups);
  showFitting(form);
}

/** The reason names its side, so nobody has to choose both. */
function takeSideFrom(form) {
  const side = form.elements.reason.selectedOptions[0]?.parentElement?.dataset.side;
  const card = side && form.querySelector(`input[name="side"][value="${side}"]`);
  if (card) card.checked = true;
}

/** Offer the reasons of the chosen side; a reason of another side is unchosen. */
function offerReasons(form, groups) {
  const side = valueOf(form, "side");
  const reason = form.elements.reason;
  const chosen = reason.value;
  const fitting = groups.filter((group) => !side || group.dataset.side === side);
  reason.replaceChildren(reason.querySelector('option[value=""]'), ...fitting);
  reason.value = fitting.some((group) => group.querySelector(`option[value="${chosen}"]`)) ? chosen : "";
}

/** Show what fits the choices made: groups, the summary, the button's name. */
function showFitting(form) {
  for (const part of form.querySelectorAll("[data-fcx-when]")) {
    const [name, value] = part.dataset.fcxWhen.split("=");
    part.hidden = valueOf(form, name) !== value;
  }
  for (const part of form.querySelectorAll("[data-fcx-unless]")) {
    const [name, value] = part.dataset.fcxUnless.split("=");
    part.hidden = valueOf(form, name) === value && !part.querySelector(".fcx-field-wrong");
  }
  const asked = form.querySelector('input[name="fee"]') !== null;
  const fee = asked ? valueOf(form, "fee") : "charge";
  const rest = valueOf(form, `rest_${fee}`);
  const outcomes = [...form.querySelectorAll("[data-fcx-outcomes] > li")];
  const outcome =
    outcomes.find((one) => one.dataset.fee === fee && one.dataset.rest === rest) ??
    outcomes.find((one) => one.dataset.fee === fee) ??
    outcomes[0];
  form.querySelector("[data-fcx-outcome]").textContent = outcome.textContent;
  form.querySelector("[data-fcx-submit]").textContent = outcome.dataset.button;
}

// --- amounts that follow the choices ----------------------------------------------------------------------------

const underWay = new WeakMap();

async function refresh(form) {
  if (valueOf(form, "told") === "earlier" && !valueOf(form, "told_at")) return;
  underWay.get(form)?.abort();
  const stop = new AbortController();
  underWay.set(form, stop);
  form.setAttribute("aria-busy", "true");
  const query = new URLSearchParams([...ASKED, "back"].map((name) => [name, valueOf(form, name)]));
  try {
    const answer = await fetch(`${form.getAttribute("action")}?${query}`, { signal: stop.signal });
    const fresh = formIn(parse(await answer.text()))?.querySelector(LIVE);
    if (!fresh) throw new Error(`no amounts in the answer ${answer.status}`);
    exchange(form, fresh);
    announce(form, [form.querySelector("#fcx-why"), form.querySelector("[data-fcx-outcome]")]);
  } catch (error) {
    if (error.name === "AbortError") return; // a later choice took over
    console.warn(error);
    form.querySelector("[data-fcx-announce]").textContent = form.dataset.fcxFailed;
    form.querySelector("[data-fcx-outcome]").textContent = form.dataset.fcxFailed;
  }
  if (underWay.get(form) === stop) form.removeAttribute("aria-busy");
}

/** Put the new amounts in, keeping what was entered, and the focus. */
function exchange(form, fresh) {
  const old = form.querySelector(LIVE);
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  for (const field of old.querySelectorAll("input:not([name=seen], [name=priced])")) {
    const same = [...fresh.querySelectorAll("input")].find(
      (one) => one.name === field.name && (!isChoice(field) || one.value === field.value),
    );
    if (!same) continue;
    if (isChoice(field)) same.checked = field.checked || (same.checked && !isAnswered(old, field.name));
    else same.value = field.value;
  }
  old.replaceWith(fresh);
  showFitting(form);
  if (focused) again(fresh, focused)?.focus();
}

const isChoice = (field) => field.type === "radio" || field.type === "checkbox";
const isAnswered = (part, name) => part.querySelector(`input[name="${name}"]:checked`) !== null;

function again(part, field) {
  if (field.id) return part.querySelector(`#${CSS.escape(field.id)}`);
  if (field.name) return part.querySelector(`[name="${field.name}"][value="${CSS.escape(field.value)}"]`);
  return part.querySelector(field.matches("[data-fcx-back]") ? "[data-fcx-back]" : "[data-fcx-submit]");
}

function announce(form, parts) {
  form.querySelector("[data-fcx-announce]").textContent = parts.map((part) => part.textContent.trim()).join(" ");
}

// --- the same form in a dialog ----------------------------------------------------------------------------------

async function openDialog(link) {
  let text, answer;
  try {
    answer = await fetch(link.href);
    text = await answer.text();
  } catch {
    location.assign(link.href); // the browser's own page explains best what is wrong
    return;
  }
  const page = parse(text);
  if (answer.redirected || !formIn(page)) {
    location.assign(link.href);
    return;
  }
  await loadStyle(page);
  const dialog = document.createElement("dialog");
  dialog.className = "fcx-dialog";
  fill(dialog, page);
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("[data-fcx-back]")) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    send(dialog, event.target, event.submitter);
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** Show the page's form in the dialog; the focus goes to its heading, or to what is wrong. */
function fill(dialog, page) {
  const body = formIn(page).closest(".fcx-page");
  dialog.replaceChildren(document.adoptNode(body));
  const heading = dialog.querySelector("h1");
  dialog.setAttribute("aria-labelledby", heading.id);
  const first = dialog.querySelector("#fcx-faults") ?? heading;
  first.tabIndex = -1;
  first.autofocus = true;
  enhance(formIn(dialog));
  if (!dialog.open) return; // showModal focuses it
  first.focus({ preventScroll: true });
  dialog.scrollTop = 0;
}

async function send(dialog, form, submitter) {
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  const action = form.getAttribute("action");
  try {
    const answer = await fetch(action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form, submitter)),
    });
    const page = parse(await answer.text());
    // Anything but the form again is a page of its own: the result, the login, a refusal.
    if (answer.redirected) location.assign(answer.url);
    else if (formIn(page)) fill(dialog, page);
    else location.assign(action);
  } catch {
    form.removeAttribute("aria-busy"); // sent again, it is still done only once: the form carries a key
    form.querySelector("[data-fcx-announce]").textContent = form.dataset.fcxFailed;
    form.querySelector("[data-fcx-outcome]").textContent = form.dataset.fcxFailed;
  }
}

/** A host's diary need not load our stylesheet for the dialog. */
async function loadStyle(page) {
  for (const wanted of page.querySelectorAll('link[rel="stylesheet"][href*="fcx.css"]')) {
    const href = wanted.getAttribute("href");
    if ([...document.styleSheets].some((sheet) => sheet.href?.endsWith(href))) continue;
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = href;
    await new Promise((done) => {
      style.onload = style.onerror = done;
      document.head.append(style);
    });
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-fcx-dialog]");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  openDialog(link);
});

for (const button of document.querySelectorAll("[data-fcx-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

const onPage = formIn(document);
if (onPage) {
  enhance(onPage);
  window.addEventListener("pageshow", () => showFitting(onPage)); // a browser fills in old entries late
  document.getElementById("fcx-faults")?.focus();
}
