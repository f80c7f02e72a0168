/* Evidence files. On a standard's own page: says how far an upload is, and looks again while the virus check
   runs. On a page of questions: shows the files that were added in another tab. Works without, too. */
(function () {
  "use strict";

  const LOOK_AGAIN_MS = 4000;
  const TENTH = 10;

  function say(line, text) {
    line.hidden = false;
    line.textContent = text;
    window.eleven.announce(text);
  }

  function megabytes(bytes) {
    return (bytes / 1000000).toFixed(1) + " MB";
  }

  /* The reply is a whole page: its main part takes the place of ours, and the error or the banner the focus. */
  function show(html, address) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const main = fresh.getElementById("main-content");
    if (!main || !main.querySelector("[data-upload], h1")) return false;
    document.title = fresh.title;
    document.getElementById("main-content").replaceChildren(...main.childNodes);
    if (address) window.history.replaceState(null, "", address);
    const first = document.querySelector('#main-content .govuk-error-summary, #main-content [role="alert"]');
    if (first) {
      first.setAttribute("tabindex", "-1");
      first.focus();
    }
    begin();
    return true;
  }

  function upload(event) {
    const form = event.currentTarget;
    const line = form.querySelector("[data-upload-progress]");
    const file = form.elements.file.files[0];
    if (!file) return; /* the server says what is missing */
    event.preventDefault();
    /* What was said of the last file is not about this one. */
    document.querySelectorAll("#main-content .govuk-notification-banner, #main-content .govuk-error-summary").forEach((old) => old.remove());
    if (file.size > Number(form.dataset.mostBytes)) {
      say(line, `This file has ${megabytes(file.size)}, and the most is ${form.dataset.mostWords}. It was not sent.`);
      return;
    }
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    const request = new XMLHttpRequest();
    let told = 0;
    request.upload.addEventListener("progress", (progress) => {
      const percent = progress.lengthComputable ? Math.floor((100 * progress.loaded) / progress.total) : 0;
      if (percent < 100 && percent - told < TENTH) return;
      told = percent;
      say(line, percent < 100 ? `Sending: ${percent} percent` : "Sent. The file is being looked at …");
    });
    const failed = (words) => {
      delete form.dataset.sending;
      say(line, words);
    };
    request.addEventListener("load", () => {
      if (!show(request.responseText, request.responseURL)) failed("The file was not stored. Load this page again and try once more.");
    });
    request.addEventListener("error", () => failed("The file was not sent: no connection, or you are signed out. It is still chosen: try again."));
    say(line, "Sending …");
    request.open("POST", form.action);
    request.send(new FormData(form));
  }

  async function lookAgain() {
    const list = document.querySelector("[data-look-again]");
    if (!list) return;
    const busy = document.querySelector("[data-sending]") || (document.querySelector("[data-upload] input") || {}).value;
    try {
      const reply = await fetch(window.location.pathname, { credentials: "same-origin" });
      if (!reply.ok) return;
      const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
      const newer = fresh.querySelector(".file-list");
      if (newer && list.isConnected && newer.textContent !== list.textContent && !busy) {
        list.replaceWith(newer);
        window.eleven.announce("The virus check is done. The list of files has changed.");
      }
    } catch {
      /* no connection: the next look may have one */
    }
    window.setTimeout(lookAgain, LOOK_AGAIN_MS);
  }

  function begin() {
    document.querySelectorAll("form[data-upload]").forEach((form) => form.addEventListener("submit", upload));
    if (document.querySelector("[data-look-again]")) window.setTimeout(lookAgain, LOOK_AGAIN_MS);
  }

  /* Coming back from the other tab: only the lists of files change, never what is being typed. */
  async function refresh() {
    const form = document.querySelector("[data-files-from]");
    if (!form || document.visibilityState !== "visible") return;
    try {
      const reply = await fetch(form.dataset.filesFrom, { credentials: "same-origin" });
      if (!reply.ok) return;
      const holder = document.createElement("template");
      holder.innerHTML = await reply.text();
      holder.content.querySelectorAll("[data-files-of]").forEach((newer) => {
        const old = [...form.querySelectorAll("[data-files-of]")].find((each) => each.dataset.filesOf === newer.dataset.filesOf);
        if (old && old.textContent !== newer.textContent && !old.contains(document.activeElement)) old.replaceWith(newer);
        else if (old && old.textContent !== newer.textContent) {
          const link = newer.querySelector("a");
          old.replaceWith(newer);
          if (link) link.focus({ preventScroll: true });
        }
      });
    } catch {
      /* the lists stay as they were */
    }
  }

  document.addEventListener("visibilitychange", refresh);
  begin();
})();
