/* Keeps what could not be sent yet over a reload of this tab: sealed with a key that only this person's
   pages hold, and gone once it is saved, when they sign out, or when somebody else signs in. */
(function () {
  "use strict";

  const PREFIX = "eleven-unsent:";
  const PAUSE_MS = 200;
  const IV_BYTES = 12;
  const place = document.querySelector("[data-unsent-person]");
  if (!place || !window.crypto || !window.crypto.subtle) return;

  const own = PREFIX + place.dataset.unsentPerson + ":";
  const here = own + place.dataset.unsentPlace + ":";
  const turns = new Map();
  const timers = new Map();

  /* Text of whoever used this tab before is not ours to keep. */
  Object.keys(sessionStorage)
    .filter((name) => name.startsWith(PREFIX) && !name.startsWith(own))
    .forEach((name) => sessionStorage.removeItem(name));

  const sealing = window.crypto.subtle.importKey(
    "raw",
    Uint8Array.from(place.dataset.unsentKey.match(/../g), (pair) => parseInt(pair, 16)),
    "AES-GCM",
    false,
    ["encrypt", "decrypt"]
  );

  function nextTurn(standard) {
    turns.set(standard, (turns.get(standard) || 0) + 1);
    return turns.get(standard);
  }

  async function seal(standard, text) {
    const turn = nextTurn(standard);
    const iv = window.crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const sealed = await window.crypto.subtle.encrypt({ name: "AES-GCM", iv }, await sealing, new TextEncoder().encode(text));
    if (turns.get(standard) !== turn) return; /* newer text, or saved meanwhile */
    const bytes = [...iv, ...new Uint8Array(sealed)];
    try {
      sessionStorage.setItem(here + standard, btoa(bytes.map((byte) => String.fromCharCode(byte)).join("")));
    } catch {
      /* A full storage only means that this text lives on the page alone. */
    }
  }

  function keep(standard, text) {
    clearTimeout(timers.get(standard));
    timers.set(standard, setTimeout(() => seal(standard, text()), PAUSE_MS));
  }

  function forget(standard) {
    clearTimeout(timers.get(standard));
    nextTurn(standard);
    sessionStorage.removeItem(here + standard);
  }

  async function unseal(name) {
    const bytes = Uint8Array.from(atob(sessionStorage.getItem(name)), (letter) => letter.charCodeAt(0));
    const iv = bytes.slice(0, IV_BYTES);
    const text = await window.crypto.subtle.decrypt({ name: "AES-GCM", iv }, await sealing, bytes.slice(IV_BYTES));
    return [name.slice(here.length), new TextDecoder().decode(text)];
  }

  async function kept() {
    const names = Object.keys(sessionStorage).filter((name) => name.startsWith(here));
    const found = await Promise.all(
      names.map((name) => unseal(name).catch(() => sessionStorage.removeItem(name)))
    );
    return found.filter(Boolean);
  }

  /* A page that takes no more answers: what could not be saved in time is shown, to be copied. */
  async function showLeftOvers(box) {
    const list = box.querySelector("[data-unsent-list]");
    for (const [standard, text] of await kept()) {
      for (const [name, value] of new URLSearchParams(text)) {
        if (!value.trim() || /\.(version|save_key|undecided|choice|level|strength)$/.test(name)) continue;
        if (!name.includes(".")) continue;
        const heading = document.querySelector("#standard-" + CSS.escape(standard) + " h2");
        const term = document.createElement("dt");
        const words = document.createElement("dd");
        term.textContent = heading ? heading.textContent.trim() : standard;
        words.className = "typed";
        words.textContent = value;
        list.append(term, words);
        box.hidden = false;
      }
    }
    box.querySelector("[data-unsent-drop]").addEventListener("click", () => {
      Object.keys(sessionStorage).filter((name) => name.startsWith(here)).forEach((name) => sessionStorage.removeItem(name));
      box.hidden = true;
    });
  }

  const leftOvers = document.querySelector("[data-unsent-left-over]");
  if (leftOvers) showLeftOvers(leftOvers);
  window.elevenUnsent = { keep, forget, kept };
})();
