// What the page knows, as the stream of changes tells it.

import { get } from "./api.js";

const HISTORY_MILLIS = 60 * 60 * 1000;
const SNAPSHOT = 100; // jobs in a snapshot that is not of all

/** Tells "jobs", "snapshot", "gap" (jobs may be missing between those that are known), "work", "lag", "history". */
export const store = new EventTarget();

store.jobs = new Map(); // by id
store.work = null; // what all open jobs have left
store.lag = null;
store.lagOutage = null;
store.history = null; // {times: [ms], stages: Map(name -> {lag: [], lagSeconds: []})}

function changed(what) {
  store.dispatchEvent(new Event(what));
}

/** The order of the API: latest first. */
export function compareJobs(one, other) {
  if (one.at !== other.at) {
    return other.at - one.at;
  }
  return one.id === other.id ? 0 : one.id > other.id ? -1 : 1;
}

export function isOpen(job) {
  return ["validating", "in_progress", "finalizing", "cancelling"].includes(job.status);
}

function keep(job) {
  job.at = Date.parse(job.submitted_at);
  store.jobs.set(job.id, job);
}

export function addJobs(jobs) {
  jobs.forEach(keep);
  changed("jobs");
}

/** Of jobs older than its last one a full snapshot says nothing: these stay. */
function takeSnapshot(jobs) {
  const known = store.jobs;
  const isFull = jobs.length === SNAPSHOT;
  const hasGap = isFull && known.size > 0 && !jobs.some((job) => known.has(job.id));
  store.jobs = new Map();
  jobs.forEach(keep);
  const kept = isFull
    ? [...known.values()].filter((job) => compareJobs(store.jobs.get(jobs.at(-1).id), job) < 0) : [];
  kept.forEach(keep);
  changed("jobs");
  if (hasGap) {
    changed("gap");
  }
  refresh(kept.filter(isOpen));
}

/** Reads jobs that may have changed while there was no stream. */
async function refresh(jobs) {
  try {
    for (const job of jobs) {
      addJobs([await get(`v1/jobs/${encodeURIComponent(job.id)}`)]);
    }
  } catch {
    // another snapshot comes when the server is back
  }
}

export function take(event, data) {
  if (event === "snapshot") {
    takeSnapshot(data.jobs);
    setWork(data.work);
    setLag(data.lag, null);
    changed("snapshot");
    loadHistory();
  } else if (event === "jobs") {
    addJobs(data);
  } else if (event === "partial-images") {
    store.dispatchEvent(new CustomEvent(event, { detail: data }));
  } else if (event === "deleted") {
    data.forEach((id) => store.jobs.delete(id));
    changed("jobs");
  } else if (event === "work") {
    setWork(data);
  } else if (event === "lag") {
    setLag(data, null);
    appendHistory(data);
  } else if (event === "lag-unknown") {
    setLag(null, data.message);
  }
}

function setWork(work) {
  store.work = work;
  changed("work");
}

function setLag(lag, outage) {
  store.lag = lag;
  store.lagOutage = outage;
  changed("lag");
}

/** From the server, so that a reload loses nothing. */
async function loadHistory() {
  try {
    const view = await get("v1/lag/history");
    store.history = {
      times: view.measured_at.map((at) => Date.parse(at)),
      stages: new Map(view.stages.map(
        (stage) => [stage.stage, { lag: stage.lag, lagSeconds: stage.lag_seconds }])),
    };
    changed("history");
  } catch {
    // the curves begin with the next measurement; the banner tells of the outage
  }
}

function appendHistory(report) {
  const history = store.history ??= { times: [], stages: new Map() };
  const now = Date.parse(report.measured_at);
  if (history.times.at(-1) >= now) {
    return; // it was in what the server told
  }
  history.times.push(now);
  for (const stage of report.stages) {
    if (!history.stages.has(stage.stage)) {
      const unknown = new Array(history.times.length - 1).fill(null);
      history.stages.set(stage.stage, { lag: [...unknown], lagSeconds: [...unknown] });
    }
    history.stages.get(stage.stage).lag.push(stage.lag);
    history.stages.get(stage.stage).lagSeconds.push(stage.lag_seconds);
  }
  while (history.times[0] < now - HISTORY_MILLIS) {
    history.times.shift();
    history.stages.forEach((stage) => {
      stage.lag.shift();
      stage.lagSeconds.shift();
    });
  }
  changed("history");
}
