// What the page knows, as the stream of changes tells it.

import { get } from "./api.js";

const HISTORY_MILLIS = 60 * 60 * 1000;

/** Jobs in a snapshot, and in a page of older ones. */
export const PAGE = 100;

export const store = new EventTarget();

store.jobs = new Map(); // by id
store.oldest = null; // id of the last one of those that are known without a gap
store.hasOlder = false;
store.ready = false; // whether a snapshot has come
store.lag = null;
store.lagOutage = null;
store.history = null; // {times: [ms], stages: Map(name -> {lag: [], lagSeconds: []})}

function changed(what) {
  store.dispatchEvent(new Event(what));
}

/** Latest first. */
export function latestJobs() {
  return [...store.jobs.values()].sort(
    (one, other) => other.submitted_at.localeCompare(one.submitted_at)
      || other.id.localeCompare(one.id));
}

export function isOpen(job) {
  return ["validating", "in_progress", "finalizing", "cancelling"].includes(job.status);
}

export function addJobs(jobs) {
  jobs.forEach((job) => store.jobs.set(job.id, job));
  changed("jobs");
}

/** The next page of jobs that nothing was known of. */
export async function loadOlder() {
  for (let news = false; store.hasOlder && !news;) {
    const after = store.oldest;
    const older = await get("/v1/jobs", { limit: PAGE, after });
    if (store.oldest !== after) {
      continue; // a snapshot came meanwhile
    }
    store.oldest = older.at(-1)?.id ?? after;
    store.hasOlder = older.length === PAGE;
    news = older.some((job) => !store.jobs.has(job.id));
    addJobs(older);
  }
}

/** Of jobs older than its last one a full snapshot says nothing: these stay. */
function takeSnapshot(jobs) {
  const last = jobs.at(-1);
  store.hasOlder = jobs.length === PAGE;
  const kept = store.hasOlder
    ? latestJobs().filter((job) => job.submitted_at < last.submitted_at) : [];
  store.jobs = new Map([...jobs, ...kept].map((job) => [job.id, job]));
  store.oldest = last?.id ?? null;
  store.ready = true;
  changed("jobs");
  refresh(kept.filter(isOpen));
}

/** Reads jobs that may have changed while there was no stream. */
async function refresh(jobs) {
  try {
    for (const job of jobs) {
      addJobs([await get(`/v1/jobs/${encodeURIComponent(job.id)}`)]);
    }
  } catch {
    // another snapshot comes when the server is back
  }
}

export function take(event, data) {
  if (event === "snapshot") {
    takeSnapshot(data.jobs);
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
  } else if (event === "lag") {
    setLag(data, null);
    appendHistory(data);
  } else if (event === "lag-unknown") {
    setLag(null, data.message);
  }
}

function setLag(lag, outage) {
  store.lag = lag;
  store.lagOutage = outage;
  changed("lag");
}

/** From the server, so that a reload loses nothing. */
async function loadHistory() {
  try {
    const view = await get("/v1/lag/history");
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
