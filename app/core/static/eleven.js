/* What pages gain when scripts run. Every journey works without this file. Events are those of htmx 4. */
(function () {
  "use strict";

  const DOUBLE_SUBMIT_MS = 5000;
  const announced = new WeakMap();
  let submitted = new WeakMap();
  let focusedId = null;

  /* Focus: an error summary, or a banner that says what was done, is what people need first. */
  function focusOn(element) {
    if (!element || element.dataset.disableAutoFocus === "true" || element.dataset.focused) return false;
    element.dataset.focused = "true";
    element.setAttribute("tabindex", "-1");
    element.addEventListener("blur", () => element.removeAttribute("tabindex"), { once: true });
    element.focus();
    return true;
  }

  function focusFirst() {
    return (
      focusOn(document.querySelector(".govuk-error-summary")) ||
      focusOn(document.querySelector('.govuk-notification-banner[role="alert"]'))
    );
  }

  /* Announcements: say each new [data-announce] once, in the live region. */
  function announce(text) {
    const region = document.getElementById("announcements");
    if (!region || !text) return;
    const line = document.createElement("p");
    line.textContent = text;
    region.replaceChildren(line);
  }

  function newAnnouncements() {
    const texts = [];
    document.querySelectorAll("[data-announce]").forEach((element) => {
      const text = element.textContent.trim().replace(/\s+/g, " ");
      if (text && announced.get(element) !== text) texts.push(text);
      announced.set(element, text);
    });
    return texts.join(". ");
  }

  /* Buttons that print need this script, so they are hidden until it runs. */
  function showPrintButtons() {
    document.querySelectorAll("[data-print][hidden]").forEach((button) => (button.hidden = false));
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });

  /* Double submits: the second press of a marked button within a few seconds does nothing. */
  document.addEventListener(
    "submit",
    (event) => {
      const button = event.submitter;
      if (!button || button.dataset.preventDoubleClick !== "true") return;
      if (Date.now() - (submitted.get(button) || 0) < DOUBLE_SUBMIT_MS) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      submitted.set(button, Date.now());
    },
    true
  );

  document.addEventListener("htmx:finally:request", (event) => {
    const submitter = event.detail.ctx.request.submitter;
    if (submitter) submitted.delete(submitter);
  });

  window.addEventListener("pageshow", () => {
    submitted = new WeakMap();
  });

  /* Whoever signs out leaves none of their unsent text behind, in this tab or another. If they are asked and
     choose to stay after all, nothing is thrown away. */
  const signingOut = "BroadcastChannel" in window ? new BroadcastChannel("eleven-signing-out") : null;
  let leavesForGood = false;

  function forgetUnsent() {
    Object.keys(sessionStorage)
      .filter((name) => name.startsWith("eleven-unsent:"))
      .forEach((name) => sessionStorage.removeItem(name));
  }

  document.addEventListener("submit", (event) => {
    leavesForGood = event.target.getAttribute("action") === "/sign-out";
  });
  ["pointerdown", "keydown"].forEach((kind) => document.addEventListener(kind, () => (leavesForGood = false)));
  window.addEventListener("pagehide", () => {
    if (!leavesForGood) return;
    forgetUnsent();
    if (signingOut) signingOut.postMessage("forget");
  });
  if (signingOut) signingOut.addEventListener("message", forgetUnsent);

  /* Swaps: the focus goes back to where it was, and what changed is said. */
  document.addEventListener("htmx:before:swap", () => {
    focusedId = document.activeElement && document.activeElement.id;
  });

  document.addEventListener("htmx:after:swap", () => {
    showPrintButtons();
    const lost = !document.activeElement || document.activeElement === document.body;
    const before = focusedId && document.getElementById(focusedId);
    if (!focusFirst() && lost && before) before.focus({ preventScroll: true });
    announce(newAnnouncements());
  });

  document.documentElement.classList.add("js");
  window.eleven = { announce };
  /* A page that was looked at says so: reading it by itself changes nothing. */
  document.querySelectorAll("[data-post-on-load]").forEach((element) => {
    fetch(element.dataset.postOnLoad, { method: "POST", credentials: "same-origin" }).catch(() => undefined);
  });

  /* A page that only passes somebody on, where scripts run. */
  document.querySelectorAll("form[data-submit-on-load]").forEach((form) => form.requestSubmit());

  newAnnouncements();
  showPrintButtons();
  focusFirst();
})();
