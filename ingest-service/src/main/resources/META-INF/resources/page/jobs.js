// The list of jobs.

import { post } from "./api.js";
import { actionButton, confirmed, h, say } from "./dom.js";
import { count, counted, duration, exactTime, rate, time, words } from "./format.js";
import { isOpen, latestJobs, loadOlder, store } from "./store.js";

/** The parts of a job that tell how it stands; update with a newer state of it. */
export function jobStanding() {
  const status = h("span", { class: "status" });
  const progress = h("progress", { class: "hidden" });
  const segments = ["completed", "failed", "cancelled"].map((name) => h("span", { class: name }));
  const bar = h("div", { class: "bar", "aria-hidden": "true" }, segments);
  const counts = h("p", { class: "counts" });
  const facts = h("p", { class: "facts" });

  function update(job) {
    const { total, completed, failed, cancelled, expired } = job.counts;
    const given = cancelled + expired;
    status.dataset.status = job.status;
    say(status, words(job.status));
    progress.max = Math.max(1, total);
    progress.value = completed + failed + given;
    progress.setAttribute("aria-label",
      `${count(completed + failed + given)} of ${count(total)} captions done`);
    [completed, failed, given].forEach((part, i) => {
      segments[i].style.width = `${total === 0 ? 0 : (100 * part) / total}%`;
    });
    counts.replaceChildren(...parts(job));
    facts.replaceChildren(...factsOf(job));
  }

  return { status, progress, bar, counts, facts, update };
}

function parts({ status, counts }) {
  if (status === "failed") {
    return [h("span", {}, "Nothing was started: the file is not right.")];
  }
  if (status === "validating") {
    return [h("span", {}, "The file is being read.")];
  }
  const words = [h("span", {}, h("b", {}, count(counts.completed)),
    ` of ${counted(counts.total, "caption", "captions")} painted`)];
  for (const name of ["failed", "cancelled", "expired"]) {
    if (counts[name] > 0) {
      words.push(h("span", { class: name }, `${count(counts[name])} ${name}`));
    }
  }
  return words;
}

function factsOf(job) {
  const facts = [`submitted ${time(new Date(job.submitted_at))}`];
  if (job.finished_at) {
    const took = (Date.parse(job.finished_at) - Date.parse(job.submitted_at)) / 1000;
    facts.push(`took ${duration(took)}`);
  }
  if (isOpen(job) && job.rate_per_second > 0) {
    facts.push(rate(job.rate_per_second));
  }
  facts.push(...estimate(job));
  return facts.map((fact) => (typeof fact === "string" ? h("span", {}, fact) : fact));
}

/** When it should be done, as far as the server says. */
function estimate(job) {
  const facts = [];
  if (job.problem) {
    facts.push(job.problem);
  }
  if (job.waiting_for) {
    facts.push(`waits: ${words(job.waiting_for).replace(
      /\d{4}-\d\d-\d\dT[\d:.]+Z/, (at) => time(new Date(at)))}`);
  }
  const range = job.estimated_finish;
  if (isOpen(job) && range?.earliest && range?.latest) {
    const [from, to] = [time(new Date(range.earliest)), time(new Date(range.latest))];
    facts.push(from === to ? `done about ${from}` : `done between ${from} and ${to}`);
  } else if (isOpen(job) && job.eta_seconds > 0) {
    facts.push(`done about ${time(new Date(Date.now() + job.eta_seconds * 1000))}, in ${
      duration(job.eta_seconds)}`);
  }
  if (job.deadline && isOpen(job)) {
    facts.push(h("span", { class: job.deadline_at_risk ? "risk" : null },
      `due ${time(new Date(job.deadline))}${job.deadline_at_risk ? ", at risk" : ""}`));
  }
  return facts;
}

function unpainted({ counts }) {
  return counts.failed + counts.cancelled + counts.expired;
}

/** Cancel while it goes on, retry what is left afterwards; nothing for a job without a file. */
function offer(job) {
  if (!job.input_file_id) {
    return null;
  }
  if (job.status === "validating" || job.status === "in_progress") {
    return "cancel";
  }
  return !isOpen(job) && unpainted(job) > 0 ? "retry" : null;
}

/** A function that is given each newer state of a job, and keeps the buttons in place right. */
export function jobActions(place) {
  let offered = null;
  return (job) => {
    const now = offer(job);
    if (now !== offered) { // else a button that is in use would lose the focus
      offered = now;
      place.replaceChildren(...buttons(now, job));
    }
  };
}

function buttons(offered, job) {
  if (offered === "cancel") {
    return [actionButton("Cancel", async () => {
      if (await confirmed(`Cancel ${job.id}? What is painted stays; the rest is written off.`,
        "Cancel the job")) {
        await post(`/v1/batches/${encodeURIComponent(job.id)}/cancel`);
      }
    }, { "aria-label": `Cancel ${job.id}` })];
  }
  if (offered === "retry") {
    const left = unpainted(job);
    return [actionButton(`Retry ${count(left)} unpainted`, async () => {
      const retry = await post(`/v1/batches/${encodeURIComponent(job.id)}/retry-failed`);
      location.hash = `#/job/${encodeURIComponent(retry.id)}`;
    }, { "aria-label": `Retry the ${count(left)} unpainted captions of ${job.id}` })];
  }
  return [];
}

function row() {
  const standing = jobStanding();
  const link = h("a", { class: "job-id" });
  const actions = h("td", { class: "actions" });
  const element = h("tr", {},
    h("th", { scope: "row" }, link, standing.status),
    h("td", {}, standing.progress, standing.bar, standing.counts, standing.facts),
    actions);
  const offerActions = jobActions(actions);
  return {
    element,
    update(job) {
      link.href = `#/job/${encodeURIComponent(job.id)}`;
      link.title = exactTime(new Date(job.submitted_at));
      say(link, job.id);
      standing.update(job);
      offerActions(job);
    },
  };
}

function headline(jobs) {
  const open = jobs.filter(isOpen);
  if (open.length === 0) {
    return "Nothing is being painted.";
  }
  const waiting = open.reduce((sum, job) => sum + job.counts.in_progress, 0);
  const ends = open.map(end);
  const subject = `${counted(waiting, "caption", "captions")} in ${
    counted(open.length, "job", "jobs")} still to paint`;
  return ends.includes(null)
    ? `${subject}.`
    : `${subject}, done about ${time(new Date(Math.max(...ends)))}.`;
}

/** In milliseconds of the epoch; null if nobody can tell. */
function end(job) {
  if (job.estimated_finish) {
    return Date.parse(job.estimated_finish.latest);
  }
  return job.eta_seconds === null ? null : Date.now() + job.eta_seconds * 1000;
}

export function jobsView(signal) {
  const title = h("h1", {}, "Jobs");
  const summary = h("p", { class: "lead", role: "status" }, "");
  const body = h("tbody", {});
  const table = h("table", { class: "jobs" },
    h("caption", { class: "hidden" }, "Jobs, the latest first"),
    h("thead", { class: "hidden" }, h("tr", {},
      h("th", { scope: "col" }, "Job"), h("th", { scope: "col" }, "Progress"),
      h("th", { scope: "col" }, "Actions"))),
    body);
  const empty = h("div", { class: "empty" },
    h("p", {}, "No job yet. Captions sent now are painted as soon as a worker is free."),
    h("p", {}, h("a", { class: "button primary", href: "#/new" }, "Write the first captions")),
    h("p", {}, "Or from a terminal: ",
      h("code", {}, "./nocturne submit captions.jsonl"), ", or ",
      h("code", {}, './nocturne publish "a red apple"'), "."));
  const more = actionButton("Show older jobs", loadOlder, { class: "more" });
  const rows = new Map();

  function update() {
    const jobs = latestJobs();
    say(summary, store.ready ? headline(jobs) : "Looking for jobs …");
    empty.hidden = !store.ready || jobs.length > 0;
    table.hidden = jobs.length === 0;
    more.hidden = !store.hasOlder;
    for (const [id, gone] of rows) {
      if (!store.jobs.has(id)) {
        gone.element.remove();
        rows.delete(id);
      }
    }
    let place = body.firstElementChild;
    for (const job of jobs) {
      if (!rows.has(job.id)) {
        rows.set(job.id, row());
      }
      const { element, update: set } = rows.get(job.id);
      set(job);
      if (element === place) {
        place = place.nextElementSibling;
      } else {
        body.insertBefore(element, place);
      }
    }
  }

  store.addEventListener("jobs", update, { signal });
  update();
  return [title, summary, empty, table, more];
}
