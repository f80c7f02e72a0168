/* Says three minutes before that the session is about to end, and lets people stay with one press.
   Without this file the line at the foot of each page says when, with a link that does the same. */
(function () {
  "use strict";

  const WARN_BEFORE_MS = 3 * 60 * 1000;
  const LOOK_EVERY_MS = 5000;
  const CHANNEL = "eleven-session";
  const line = document.querySelector("[data-session-seconds]");
  if (!line) return;

  const idle = Number(line.dataset.sessionIdle) * 1000;
  const last = Date.now() + Number(line.dataset.sessionLast) * 1000;
  let ends = Date.now() + Number(line.dataset.sessionSeconds) * 1000;
  let box = null;
  let failed = false;
  const others = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;

  /* Every reply to a request of ours moves the end; the server notes it once a minute, which is less than
     the minute by which this warns too early. All tabs of a browser share one session. */
  function seen(tell) {
    ends = Math.min(Date.now() + idle, last);
    if (tell && others) others.postMessage("seen");
    look();
  }

  function minutesLeft() {
    return Math.max(1, Math.ceil((ends - Date.now()) / 60000) - 1);
  }

  function words() {
    if (Date.now() >= ends) return "You have been signed out. Sign in again in a new tab; what you wrote stays on this page.";
    const minutes = minutesLeft();
    const time = minutes === 1 ? "1 minute" : minutes + " minutes";
    if (ends >= last) return "You will be signed out in about " + time + ": the day's limit is reached. Save what you wrote, then sign in again.";
    return "You will be signed out in about " + time + ", because nothing has happened here.";
  }

  function warn() {
    if (box) return;
    box = document.createElement("section");
    box.className = "session-warning";
    box.setAttribute("aria-label", "Your session");
    const text = document.createElement("p");
    text.className = "govuk-body";
    text.textContent = words();
    box.append(text);
    if (ends < last) box.append(button());
    document.body.append(box);
    window.eleven.announce(text.textContent);
  }

  function button() {
    const holder = document.createElement("div");
    const stay = document.createElement("button");
    stay.type = "button";
    stay.className = "govuk-button";
    stay.textContent = "Stay signed in";
    stay.addEventListener("click", async () => {
      const reply = await fetch("/account/stay", { credentials: "same-origin", redirect: "manual" }).catch(() => null);
      if (reply && reply.ok) {
        seen(true);
        window.eleven.announce("You stay signed in.");
      } else {
        failed = true;
        holder.replaceWith(wayBack());
        box.querySelector("p").textContent = "This did not work. Sign in again in a new tab; what you wrote stays on this page.";
      }
    });
    holder.append(stay);
    return holder;
  }

  /* Once signed out nobody can stay: the only way on is to sign in, beside this page and what it holds. */
  function wayBack() {
    const holder = document.createElement("div");
    const link = document.createElement("a");
    link.className = "govuk-link";
    link.href = "/sign-in";
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = "Sign in again (opens in a new tab)";
    holder.append(link);
    return holder;
  }

  function offerWayBack() {
    if (box.querySelector("a")) return;
    const stay = box.querySelector("div");
    if (stay) stay.remove();
    box.append(wayBack());
  }

  function look() {
    const left = ends - Date.now();
    if (left <= WARN_BEFORE_MS) {
      warn();
      if (left <= 0) offerWayBack();
      if (!failed) box.querySelector("p").textContent = words();
    } else if (box) {
      failed = false;
      box.remove();
      box = null;
    }
  }

  if (others) {
    others.addEventListener("message", () => seen(false));
    others.postMessage("seen");
  }
  document.addEventListener("htmx:after:request", () => seen(true));
  document.addEventListener("eleven:saved", () => seen(true));
  setInterval(look, LOOK_EVERY_MS);
  look();
})();
