/* Saves each answer as it changes, one request at a time for each standard.
   A save that got no reply, or found nobody signed in, waits here and is sent again just as it was, with the
   same key, before anything newer. What waits is also kept over a reload of the tab (unsent.js). */
(function () {
  "use strict";

  const PAUSE_MS = 1500;
  const FIRST_RETRY_MS = 3000;
  const LAST_RETRY_MS = 30000;
  const TIMEOUT_MS = 20000;
  const NO_CONNECTION = "Not saved yet: no connection. Your text is safe on this page, and we keep trying.";
  const NOT_WELL = "Not saved yet: the service cannot save just now. Your text is safe on this page, and we keep trying.";
  const SIGNED_OUT = "Not saved yet: you have been signed out. Sign in again in a new tab, and this page saves by itself.";
  const PUT_BACK = "We put back what you had not saved yet.";
  const standards = new Map();
  const unsent = window.elevenUnsent || { keep() {}, forget() {}, kept: () => Promise.resolve([]) };
  const person = document.querySelector("[data-unsent-person]");
  let leaving = false;

  function keyOf(section) {
    return section.id.replace(/^standard-/, "");
  }

  function fieldsOf(section, choice) {
    const fields = new URLSearchParams();
    if (person) fields.append("person", person.dataset.unsentPerson);
    if (choice && choice.name) fields.append(choice.name, choice.value);
    section.querySelectorAll("[name]").forEach((input) => {
      const ticked = input.type !== "radio" && input.type !== "checkbox" ? true : input.checked;
      if (ticked && !input.disabled && input.tagName !== "BUTTON") fields.append(input.name, input.value);
    });
    return fields;
  }

  function stateBox(section) {
    return section.querySelector("[data-save-state]");
  }

  /* Words in place of the last ones; the hidden version and key stay. The same words are not said again. */
  function say(section, words, failed) {
    const box = stateBox(section);
    if (box.dataset.told === words.textContent) return;
    box.dataset.told = words.textContent;
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
    standard.waiting = standard.waiting || fieldsOf(standard.section, standard.choice);
    standard.choice = null;
    try {
      const reply = await fetch(standard.section.dataset.saveUrl, {
        method: "POST",
        body: standard.waiting,
        headers: { "HX-Request": "true" },
        credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const html = await reply.text();
      if (reply.status >= 500) later(standard, words(NOT_WELL));
      else if (reply.status === 401) later(standard, fragment(html).querySelector("[data-announce]") || words(SIGNED_OUT));
      else answered(standard, reply.status, fragment(html));
      if (reply.ok) document.dispatchEvent(new Event("eleven:saved"));
    } catch {
      later(standard, words(NO_CONNECTION));
    } finally {
      standard.busy = false;
      if (standard.changed && !standard.retry) send(standard);
    }
  }

  /* Waits a little longer each time. */
  function later(standard, told) {
    showPutBack(standard);
    standard.retry = Math.min(LAST_RETRY_MS, standard.retry * 2 || FIRST_RETRY_MS);
    say(standard.section, told, true);
    schedule(standard, standard.retry);
  }

  function sendWaiting() {
    standards.forEach((standard) => (standard.retry || standard.refused) && again(standard));
  }

  function again(standard) {
    standard.refused = false;
    send(standard);
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
    /* What was saved, or is in the history of a conflict, need not be kept here any more. */
    if (!standard.changed && (section || (box && status === 200))) unsent.forget(keyOf(standard.section));
    if (section) standard.putBack = null;
    showPutBack(standard);
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
      /* What is too large is not sent again before it is changed; what is refused may be let in later. */
      standard.refused = status !== 413;
      const told = content.querySelector("[data-announce]");
      say(standard.section, told || words("Not saved. Your text is still on this page: copy it before you leave."), true);
    }
  }

  function changed(section, delay) {
    const standard = standards.get(section);
    if (!standard) return;
    unsent.keep(keyOf(section), () => fieldsOf(standard.section).toString());
    /* Where two texts stand side by side, typing is not yet a decision: a button is. */
    if (section.querySelector("[data-undecided]") && !standard.choice) {
      standard.unsaved = true;
      return;
    }
    standard.changed = true;
    if (standard.retry) return; /* what could not be sent goes first */
    schedule(standard, delay);
  }

  function eachField(section, visit) {
    section.querySelectorAll("[name]").forEach((input) => {
      if (input.type !== "hidden" && input.tagName !== "BUTTON") visit(input);
    });
  }

  /* Pages arrive before their scripts: somebody may have answered by then. The browser itself fills in nothing
     (autocomplete is off), so whatever differs from the page as it came was typed or chosen. */
  function begunBefore(section) {
    let begun = false;
    eachField(section, (input) => {
      const options = input.tagName === "SELECT" ? [...input.options] : [];
      if (input.type === "radio" || input.type === "checkbox") begun = begun || input.checked !== input.defaultChecked;
      else if (options.length) begun = begun || options.some((each) => each.defaultSelected && !each.selected);
      else if (input.type !== "file") begun = begun || input.value !== input.defaultValue;
    });
    return begun;
  }

  function shows(section, fields) {
    let same = true;
    eachField(section, (input) => {
      const choosable = input.type === "radio" || input.type === "checkbox";
      const sent = fields.getAll(input.name);
      if (choosable ? input.checked !== sent.includes(input.value) : input.value !== (sent[0] || "")) same = false;
    });
    return same;
  }

  /* What this tab could not send before it was loaded again is sent now, and goes back into its boxes. */
  function putBack([key, text]) {
    const standard = standards.get(document.getElementById("standard-" + key));
    if (!standard || standard.changed) return;
    const fields = new URLSearchParams(text);
    if (shows(standard.section, fields)) {
      unsent.forget(key);
      return;
    }
    standard.waiting = fields;
    standard.putBack = fields;
    standard.section.inert = true;
    send(standard);
  }

  /* Only once the server has said what stands: it may have the text already, or a colleague's newer one. */
  function showPutBack(standard) {
    const fields = standard.putBack;
    standard.putBack = null;
    standard.section.inert = false;
    if (!fields) return;
    eachField(standard.section, (input) => {
      const sent = fields.getAll(input.name);
      if (input.type === "radio" || input.type === "checkbox") input.checked = sent.includes(input.value);
      else input.value = sent[0] || "";
      if (input.value && input.closest("details")) input.closest("details").open = true;
    });
    window.eleven.announce(PUT_BACK);
  }

  function sectionOf(event) {
    return event.target.closest("[data-save-url]");
  }

  function isUnsaved(standard) {
    return standard.changed || standard.busy || standard.unsaved || Boolean(standard.waiting);
  }

  document.querySelectorAll("[data-save-url]").forEach((section) => {
    standards.set(section, { section, changed: false, busy: false, unsaved: false, waiting: null, putBack: null, choice: null, refused: false, retry: 0, timer: 0 });
  });
  unsent.kept().then((texts) => {
    texts.forEach(putBack);
    standards.forEach((standard) => !standard.putBack && begunBefore(standard.section) && changed(standard.section, 0));
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
    const button = event.target.closest("[data-save-now]");
    if (!button) return;
    event.preventDefault();
    standards.get(section).choice = button;
    changed(section, 0);
  });

  window.addEventListener("online", sendWaiting);
  window.addEventListener("focus", sendWaiting);
  /* Another tab tells when somebody has signed in there. */
  if ("BroadcastChannel" in window) new BroadcastChannel("eleven-session").addEventListener("message", sendWaiting);

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-autosave-page]")) return;
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
