// Which view is shown, and whether the server is there.

import { follow } from "./api.js";
import { h, say } from "./dom.js";
import { take } from "./store.js";
import { jobsView } from "./jobs.js";
import { jobView } from "./job.js";
import { newJobView } from "./new-job.js";
import { stagesView } from "./stages.js";
import { deadLettersView } from "./dead-letters.js";
import { guard } from "./sign-in.js";

const VIEWS = {
  jobs: { title: "Jobs", show: jobsView },
  job: { title: "Job", show: jobView },
  new: { title: "New job", show: newJobView },
  stages: { title: "Stages", show: stagesView },
  "dead-letters": { title: "Dead letters", show: deadLettersView },
};

const SCROLLED_MILLIS = 150;

const content = document.getElementById("content");
let leave = null; // aborts what the view that is shown has begun

function show(moveFocus) {
  if (moveFocus && location.hash === "#content") { // the skip link
    content.focus();
    return;
  }
  const [path, search = ""] = location.hash.split("?");
  const [, name = "jobs", argument = ""] = path.split("/");
  const view = VIEWS[name] ?? VIEWS.jobs;
  leave?.abort();
  leave = new AbortController();
  document.title = `${view.title} – Nocturne`;
  content.replaceChildren(...view.show(leave.signal, decoded(argument), new URLSearchParams(search)));
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.hash === `#/${name}` || (name === "job" && link.hash === "#/jobs");
    here ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  if (moveFocus) {
    content.focus({ preventScroll: true });
  }
  scrollTo(0, history.state?.top ?? 0);
}

/** As it stands if nobody encoded it. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Where the window stands is kept with the address, for whoever comes back to it. */
let scrolled;
window.addEventListener("scroll", () => {
  clearTimeout(scrolled);
  scrolled = setTimeout(() => history.replaceState({ top: scrollY }, ""), SCROLLED_MILLIS);
}, { passive: true });
history.scrollRestoration = "manual";

window.addEventListener("hashchange", () => {
  clearTimeout(scrolled);
  show(true);
});
show(false);

const connection = document.getElementById("connection");
const outage = document.getElementById("outage");

function tellOutage(text, ...rest) {
  outage.hidden = text === null;
  if (text !== null && outage.dataset.text !== text) {
    outage.dataset.text = text;
    outage.replaceChildren(h("p", {}, text), ...rest);
  }
  if (text === null) {
    delete outage.dataset.text;
  }
}

const tryNow = follow(
  (event, data) => {
    tellOutage(event === "unavailable" ? data.message : null);
    take(event, data);
  },
  (state, seconds) => {
    connection.dataset.state = state;
    say(connection, { live: "Live", connecting: "Connecting", waiting: "Disconnected" }[state]);
    if (state === "waiting") {
      tellOutage(
        `Disconnected from the server; what is shown may be old. Trying again every ${
          seconds === 1 ? "second" : `${seconds} seconds`}.`,
        h("button", { type: "button", onclick: () => tryNow() }, "Try now"));
    }
  });

guard(document.getElementById("session"), () => {
  tryNow();
  show(false);
});
