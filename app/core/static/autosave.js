/* Saves each answer as it changes, one request at a time for each standard.
   A save that got no reply is sent again just as it was, with the same key, before anything newer. */
(function () {
  "use strict";

  const PAUSE_MS = 1500;
  const FIRST_RETRY_MS = 3000;
  const LAST_RETRY_MS = 30000;
  const TIMEOUT_MS = 20000;
  const standards = new Map();
  let leaving = false;

  function fieldsOf(section) {
    const fields = new URLSearchParams();
    section.querySelectorAll("[name]").forEach((input) => {
      const ticked = input.type !== "radio" && input.type !== "checkbox" ? true : input.checked;
      if (ticked && !input.disabled && input.tagName !== "BUTTON") fields.append(input.name, input.value);
    });
    return fields;
  }

  function stateBox(section) {
    return section.querySelector("[data-save-state]");
  }

  /* Words in place of the last ones; the hidden version and key stay. */
  function say(section, words, failed) {
    const box = stateBox(section);
    box.querySelectorAll(":scope > :not(input)").forEach((old) => old.remove());
    box.classList.toggle("save-state--failed", failed);
    box.append(words);
    if (failed) window.eleven.announce(words.textContent);
  }

  function words(text) {
    const span = document.createElement("span");
    span.textContent = text;
    return span;
  }

  function fragment(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  }

  function schedule(standard, delay) {
    clearTimeout(standard.timer);
    standard.timer = setTimeout(() => send(standard), delay);
  }

  async function send(standard) {
    if (standard.busy) return;
    clearTimeout(standard.timer);
    standard.busy = true;
    standard.changed = standard.waiting ? standard.changed : false;
    standard.waiting = standard.waiting || fieldsOf(standard.section);
    try {
      const reply = await fetch(standard.section.dataset.saveUrl, {
        method: "POST",
        body: standard.waiting,
        headers: { "HX-Request": "true" },
        credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const html = await reply.text();
      if (reply.status >= 500) throw new Error("the server is not well");
      answered(standard, reply.status, fragment(html));
      if (reply.ok) document.dispatchEvent(new Event("eleven:saved"));
    } catch {
      standard.retry = Math.min(LAST_RETRY_MS, standard.retry * 2 || FIRST_RETRY_MS);
      say(standard.section, words("Not saved yet: no connection. Your text is safe on this page, and we keep trying."), true);
      schedule(standard, standard.retry);
    } finally {
      standard.busy = false;
      if (standard.changed && !standard.retry) send(standard);
    }
  }

  /* A merge or a conflict comes back as the whole standard. It is shown only while nobody is typing: newer
     text is sent first, still from the old version, so that it is merged in its turn. */
  function replaceSection(standard, section) {
    const before = document.activeElement;
    const focused = before && before.id;
    const caret = before && before.tagName === "TEXTAREA" ? [before.selectionStart, before.selectionEnd] : null;
    standards.delete(standard.section);
    standard.section.replaceWith(section);
    standard.section = section;
    standards.set(section, standard);
    const again = focused && document.getElementById(focused);
    if (again && section.contains(again)) {
      again.focus({ preventScroll: true });
      if (caret && again.tagName === "TEXTAREA") again.setSelectionRange(...caret);
    }
  }

  function answered(standard, status, content) {
    const box = content.querySelector("[data-save-state]");
    const section = content.querySelector("[data-save-url]");
    standard.waiting = null;
    standard.retry = 0;
    standard.unsaved = status !== 200;
    if (section) {
      if (standard.changed) return;
      replaceSection(standard, section);
      const said = section.querySelector(".conflict h3, [data-announce]");
      if (said) window.eleven.announce(said.textContent.trim());
    } else if (box) {
      stateBox(standard.section).replaceWith(box);
      const said = box.querySelector("[data-announce], h3");
      if (said) window.eleven.announce(said.textContent.trim());
    } else {
      /* A reply that is none of ours, such as a proxy's page: nothing was saved, whatever its status says. */
      standard.unsaved = true;
      const told = content.querySelector("[data-announce]");
      say(standard.section, told || words("Not saved. Your text is still on this page: copy it before you leave."), true);
    }
  }

  function changed(section, delay) {
    const standard = standards.get(section);
    if (!standard) return;
    standard.changed = true;
    if (standard.retry) return; /* what could not be sent goes first */
    schedule(standard, delay);
  }

  function sectionOf(event) {
    return event.target.closest("[data-save-url]");
  }

  function isUnsaved(standard) {
    return standard.changed || standard.busy || standard.unsaved || Boolean(standard.waiting);
  }

  document.querySelectorAll("[data-save-url]").forEach((section) => {
    standards.set(section, { section, changed: false, busy: false, unsaved: false, waiting: null, retry: 0, timer: 0 });
  });

  document.addEventListener("input", (event) => {
    if (sectionOf(event)) changed(sectionOf(event), PAUSE_MS);
  });

  document.addEventListener("change", (event) => {
    if (sectionOf(event)) changed(sectionOf(event), 0);
  });

  document.addEventListener("click", (event) => {
    const section = sectionOf(event);
    if (!section) return;
    if (event.target.closest("[data-save-now]")) {
      event.preventDefault();
      changed(section, 0);
    } else if (event.target.closest("[data-reload]")) {
      event.preventDefault();
      standards.get(section).unsaved = false;
      leaving = ![...standards.values()].some(isUnsaved);
      window.location.reload();
    }
  });

  window.addEventListener("online", () => standards.forEach((standard) => standard.retry && send(standard)));

  document.addEventListener("submit", () => {
    leaving = true;
    standards.forEach((standard) => clearTimeout(standard.timer));
  });

  window.addEventListener("pageshow", () => (leaving = false));

  window.addEventListener("beforeunload", (event) => {
    if (leaving || ![...standards.values()].some(isUnsaved)) return;
    event.preventDefault();
    event.returnValue = "";
  });
})();
