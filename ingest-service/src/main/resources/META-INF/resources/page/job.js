// One job: how it stands, what it leaves, what has failed, and what it has painted so far.

import { get } from "./api.js";
import { alertUser, h, say } from "./dom.js";
import { count, exactTime, time } from "./format.js";
import { failures } from "./failures.js";
import { gallery } from "./gallery.js";
import { jobFiles } from "./job-files.js";
import { liveOf } from "./live.js";
import { countsOf, factsOf, isSingle, jobActions, nameOf, progressBar, tellOutcome } from "./standing.js";
import { addJobs, isOpen, store } from "./store.js";

export function jobView(signal, id) {
  const live = liveOf(signal, id);
  const results = gallery(signal, id, (result) => live.remove(result.request_id));
  const files = jobFiles(signal, id);
  // one below the other: each has an element, and update(job), if it cares for each newer state of the job
  const sections = [
    standing(id),
    fileProblems(id),
    failures(signal, id, () => results.show("failed")),
    files,
    live,
    results,
  ];
  const content = h("div", {}, sections.map((section) => section.element));
  const missing = h("p", { class: "problem", hidden: true });

  function update() {
    const job = store.jobs.get(id);
    if (job) {
      missing.hidden = true;
      document.title = `${nameOf(job)} – Nocturne`;
      sections.forEach((section) => section.update?.(job));
      if (isSingle(job) && content.lastElementChild !== files.element) {
        content.append(files.element); // a single picture is wanted more than its files
      }
    }
  }

  async function load() {
    try {
      addJobs([await get(`v1/jobs/${encodeURIComponent(id)}`)]);
    } catch (error) {
      missing.hidden = false;
      say(missing, error.message);
    }
  }

  function begin() {
    if (store.jobs.has(id)) {
      update();
    } else {
      load();
    }
  }

  store.addEventListener("jobs", update, { signal });
  store.addEventListener("snapshot", begin, { signal }); // it need not have this job
  begin();
  return [
    h("p", { class: "crumb" }, h("a", { href: "#/jobs" }, "All jobs")),
    missing,
    content,
  ];
}

/** What the job is called, how much of it is done, and when it should be. */
function standing(id) {
  const name = h("span", {}, id);
  const others = h("span", { class: "others" });
  const title = h("h1", {}, name, others);
  const status = h("span", { class: "status" });
  const actions = h("div", { class: "actions row" });
  const offerActions = jobActions(actions);
  const bar = progressBar();
  const counts = h("p", { class: "counts" });
  const facts = h("p", { class: "facts" });

  function update(job) {
    const rest = job.counts.total - 1;
    say(name, nameOf(job));
    say(others, job.caption !== null && rest > 0 ? ` and ${count(rest)} more` : "");
    title.classList.toggle("id", job.caption === null);
    tellOutcome(status, job);
    offerActions(job);
    bar.element.hidden = isSingle(job) || !isOpen(job) || job.status === "validating";
    bar.update(job);
    counts.replaceChildren(...countsOf(job));
    facts.replaceChildren(
      h("span", { title: exactTime(new Date(job.at)) }, `submitted ${time(new Date(job.at))}`),
      ...factsOf(job),
      h("code", {}, id));
  }

  return {
    element: h("div", {}, h("div", { class: "row title" }, title, status, actions),
      bar.element, counts, facts),
    update,
  };
}

/** Of a job whose file is bad: nothing was started, and why. */
function fileProblems(id) {
  const section = h("section", { hidden: true, "aria-label": "What is wrong" });
  let asked = false;

  async function update(job) {
    if (job.status !== "failed" || asked) {
      return;
    }
    asked = true;
    try {
      const batch = await get(`v1/batches/${encodeURIComponent(id)}`);
      const list = (batch.errors?.data ?? []).map((problem) =>
        h("li", {}, (problem.line ? `Line ${problem.line}: ` : "") + problem.message));
      section.replaceChildren(h("h2", {}, "What is wrong"), h("ul", { class: "problem" }, list));
      section.hidden = false;
    } catch (error) {
      alertUser(error);
    }
  }

  return { element: section, update };
}
