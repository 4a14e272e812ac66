/*
 * flask_cancellations: what the editor of a policy and the tester gain where scripts run. Both are complete without it.
 *
 * Fields that do not fit a choice are hidden, and the result and the text for clients follow what is typed. Nothing is
 * ever saved by itself.
 */

const WAIT = 400; // milliseconds after the last change
const form = document.querySelector("form[data-fcx-draft]");

const valueOf = (name) => String(new FormData(form).get(name) ?? "");

/** Show what fits the choices made; what is wrong is never hidden. */
function showFitting() {
  for (const part of form.querySelectorAll("[data-fcx-only]")) {
    const [name, values] = part.dataset.fcxOnly.split("=");
    part.hidden = !values.split(",").includes(valueOf(name)) && !part.querySelector(".fcx-field-wrong");
  }
}

let underWay;
let timer;

function ask(stop) {
  const sent = new URLSearchParams(new FormData(form));
  const action = form.getAttribute("action");
  if (form.method === "get") return fetch(`${action}?${sent}`, { signal: stop.signal });
  sent.set("do", "show");
  return fetch(action, { method: "POST", body: sent, signal: stop.signal });
}

async function refresh() {
  underWay?.abort();
  const stop = (underWay = new AbortController());
  const told = form.querySelector("[data-fcx-announce]");
  try {
    const answer = await ask(stop);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.redirected || !fresh.querySelector("[data-fcx-fresh]")) throw new Error(`no result in the answer ${answer.status}`);
    for (const old of form.querySelectorAll("[data-fcx-fresh]")) {
      const part = fresh.getElementById(old.id);
      if (part) old.replaceWith(document.adoptNode(part));
    }
    told.textContent = form.querySelector("#fcx-tried .fcx-text, #fcx-tried .fcx-hint")?.textContent ?? "";
  } catch (error) {
    if (error.name === "AbortError") return; // a later change took over
    console.warn(error);
    told.textContent = form.dataset.fcxFailed;
    form.querySelector("#fcx-tried").textContent = form.dataset.fcxFailed;
  }
}

if (form) {
  form.addEventListener("input", () => {
    showFitting();
    clearTimeout(timer);
    timer = setTimeout(refresh, WAIT);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
  window.addEventListener("pageshow", showFitting); // a browser fills in old entries late
  showFitting();
  document.getElementById("fcx-faults")?.focus();
}
