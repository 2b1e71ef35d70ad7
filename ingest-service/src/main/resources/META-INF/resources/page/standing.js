// How a job stands, in words and colours, and what can be done about it.

import { post } from "./api.js";
import { actionButton, confirmed, h, say } from "./dom.js";
import { between, count, counted, duration, rate, time, words } from "./format.js";
import { isOpen } from "./store.js";

/** By what people know a job, "a red apple"; its id while its caption is not known. */
export function nameOf(job) {
  return job.caption ?? job.id;
}

export function isSingle(job) {
  return job.counts.total === 1;
}

/** A job of which something has failed is never told as completed. */
export function outcome(job) {
  const { completed, failed, cancelled, expired } = job.counts;
  if (isOpen(job)) {
    return job.problem
      ? { label: "does not go on", tone: "bad" } : { label: words(job.status), tone: "going" };
  }
  if (job.status === "failed") {
    return { label: "failed", tone: "bad" };
  }
  if (failed + expired > 0) {
    return { label: completed + cancelled > 0 ? lost(job.counts) : failed > 0 ? "failed" : "expired", tone: "bad" };
  }
  return job.status === "completed"
    ? { label: "completed", tone: "good" } : { label: words(job.status), tone: "off" };
}

function lost({ failed, expired }) {
  return [[failed, "failed"], [expired, "expired"]]
    .filter(([number]) => number > 0).map(([number, word]) => `${count(number)} ${word}`).join(", ");
}

export function tellOutcome(element, job) {
  const { label, tone } = outcome(job);
  element.dataset.tone = tone;
  say(element, label);
}

/** How much of a job is done, as a bar; update with a newer state of it. */
export function progressBar() {
  const segments = ["completed", "failed", "cancelled"].map((name) => h("span", { class: name }));
  const progress = h("progress", { class: "hidden" });
  const element = h("div", { class: "progress" },
    progress, h("div", { class: "bar", "aria-hidden": "true" }, segments));
  return {
    element,
    update({ counts }) {
      const { total, completed, failed } = counts;
      const given = counts.cancelled + counts.expired;
      progress.max = Math.max(1, total);
      progress.value = completed + failed + given;
      progress.setAttribute("aria-label",
        `${count(completed + failed + given)} of ${counted(total, "caption", "captions")} done`);
      [completed, failed, given].forEach((part, i) => {
        segments[i].style.width = `${total === 0 ? 0 : (100 * part) / total}%`;
      });
    },
  };
}

/** How many captions are painted, and what became of the others. */
export function countsOf({ status, counts }) {
  if (status === "failed" && counts.total === 0) {
    return [h("span", {}, "Nothing was started: the file is not right.")];
  }
  if (status === "validating") {
    return [h("span", {}, "The file is being read.")];
  }
  const parts = [h("span", {}, h("b", {}, count(counts.completed)),
    ` of ${counted(counts.total, "caption", "captions")} painted`)];
  for (const name of ["failed", "cancelled", "expired"]) {
    if (counts[name] > 0) {
      parts.push(h("span", { class: name }, `${count(counts[name])} ${name}`));
    }
  }
  return parts;
}

/** How fast it goes, or went, and when it should be done. */
export function factsOf(job) {
  const facts = [];
  if (job.finished_at) {
    facts.push(`took ${duration((Date.parse(job.finished_at) - job.at) / 1000)}`);
  }
  if (isOpen(job) && job.rate_per_second > 0) {
    facts.push(rate(job.rate_per_second));
  }
  facts.push(...expectations(job));
  return facts.map((fact) => (typeof fact === "string" ? h("span", {}, fact) : fact));
}

/** What the server says of a job's end. */
function expectations(job) {
  const facts = [];
  if (job.problem) {
    facts.push(h("span", { class: "risk" }, job.problem));
  }
  if (job.waiting_for) {
    facts.push(`waits: ${words(job.waiting_for).replace(
      /\d{4}-\d\d-\d\dT[\d:.]+Z/, (at) => time(new Date(at)))}`);
  }
  if (isOpen(job) && job.estimated_finish) {
    const { earliest, latest } = job.estimated_finish;
    facts.push(`done ${between(new Date(earliest), new Date(latest))}`);
  } else if (isOpen(job) && job.eta_seconds > 0) {
    facts.push(`${duration(job.eta_seconds)} left at this rate`);
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
      if (await confirmed(`Cancel “${nameOf(job)}”? What is painted stays; the rest is not painted.`,
        "Cancel the job")) {
        await post(`v1/batches/${encodeURIComponent(job.id)}/cancel`);
      }
    }, { "aria-label": `Cancel ${nameOf(job)}` })];
  }
  if (offered === "retry") {
    const left = count(unpainted(job));
    return [actionButton(`Retry ${left} unpainted`, async () => {
      const retry = await post(`v1/batches/${encodeURIComponent(job.id)}/retry-failed`);
      location.hash = `#/job/${encodeURIComponent(retry.id)}`;
    }, { "aria-label": `Retry the ${left} unpainted captions of ${nameOf(job)}` })];
  }
  return [];
}
