// What the page knows, as the stream of changes tells it.

import { get } from "./api.js";

const HISTORY_MILLIS = 60 * 60 * 1000;

export const store = new EventTarget();

store.jobs = new Map(); // by id
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

export function take(event, data) {
  if (event === "snapshot") {
    store.jobs = new Map(data.jobs.map((job) => [job.id, job]));
    store.ready = true;
    setLag(data.lag, null);
    changed("jobs");
    loadHistory();
  } else if (event === "jobs") {
    addJobs(data);
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
