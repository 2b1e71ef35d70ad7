// The stages: what waits before each, for how long, and whether it is being worked off.

import { chart } from "./chart.js";
import { h, say } from "./dom.js";
import { count, counted, duration, rate, time } from "./format.js";
import { store } from "./store.js";

const WHAT = {
  "json-captions": "takes in captions that came as JSON",
  encoder: "reads captions: text tokens and CLIP embeddings",
  generator: "draws candidates as grids of tokens",
  scorer: "decodes candidates and scores them with CLIP",
  rerank: "picks the best of each caption",
  publisher: "renders the winners and stores them",
  previewer: "renders pictures as far as they are drawn",
  webhooks: "tells the ends of jobs",
  "ingest-leader": "elects the ingest-service that leads; reads nothing",
};

const VERDICTS = {
  idle: "idle: nothing waits",
  working: "working",
  stalled: "stalled: workers are there, but for minutes nothing was read",
  stopped: "stopped: something waits and no worker reads",
  blocked: "blocked: all that waits is held back by an open transaction",
  unknown: "unknown: a topic is not there or cannot be asked",
};

function row() {
  const name = h("th", { scope: "row" });
  const cells = Array.from({ length: 6 }, () => h("td", {}));
  const headings = ["State", "Backlog", "Lag", "Rate", "Gone in", "Workers"];
  headings.forEach((heading, i) => cells[i].setAttribute("data-label", heading));
  const verdict = h("span", { class: "status" });
  cells[0].append(verdict);
  return {
    element: h("tr", {}, name, cells),
    update(stage) {
      say(name, stage.stage);
      const known = stage.verdict ?? (stage.lag === 0 ? "idle" : "working");
      verdict.dataset.status = known;
      verdict.title = stage.trouble ?? VERDICTS[known] ?? known;
      say(verdict, known);
      const interactive = stage.lanes.find((lane) => lane.lane === "interactive")?.lag ?? 0;
      say(cells[1], stage.lag === null ? "not known" : interactive === 0
        ? count(stage.lag) : `${count(stage.lag)}, of these ${count(interactive)} interactive`);
      say(cells[2], stage.lag_seconds === null ? "not known"
        : stage.lag_seconds === 0 ? "none" : duration(stage.lag_seconds));
      say(cells[3], rate(stage.rate_per_second));
      say(cells[4], stage.lag === 0 ? "–"
        : stage.drain_seconds === null ? "not known" : duration(stage.drain_seconds));
      say(cells[5], stage.members === undefined ? "–" : count(stage.members));
    },
  };
}

function curves(name) {
  const backlog = chart(`Backlog of ${name}`, (value) => counted(value, "offset", "offsets"));
  const lag = chart(`Lag of ${name}`, (value) => (value === 0 ? "none" : duration(value)));
  return {
    element: h("section", { class: "stage", "aria-label": name },
      h("h3", {}, name), h("p", { class: "small" }, WHAT[name] ?? ""),
      h("div", { class: "curves" }, backlog.element, lag.element)),
    draw(history) {
      const stage = history.stages.get(name);
      backlog.draw(history.times, stage.lag);
      lag.draw(history.times, stage.lagSeconds);
    },
  };
}

export function stagesView(signal) {
  const told = h("p", { class: "lead", role: "status" });
  const body = h("tbody", {});
  const table = h("table", { class: "stages" },
    h("caption", { class: "hidden" }, "Stages, in the order in which a caption passes through them"),
    h("thead", {}, h("tr", {}, ["Stage", "State", "Backlog", "Lag", "Rate", "Gone in", "Workers"]
      .map((heading) => h("th", { scope: "col" }, heading)))),
    body);
  const heading = h("h2", {}, "The last hour");
  const hint = h("p", { class: "small" },
    "Backlog is in offsets of Kafka that are not read yet: records, and with them the markers of their "
      + "transactions. Lag is the age of the oldest record.");
  const charts = h("div", { class: "charts" });
  const rows = new Map();
  const drawn = new Map();

  function updateLag() {
    const { lag, lagOutage } = store;
    table.hidden = lag === null;
    if (lag === null) {
      say(told, lagOutage ? `Consumer lag is not known: ${lagOutage}` : "Measuring …");
      return;
    }
    say(told, summary(lag));
    for (const stage of lag.stages) {
      if (!rows.has(stage.stage)) {
        rows.set(stage.stage, row());
        body.append(rows.get(stage.stage).element);
      }
      rows.get(stage.stage).update(stage);
    }
  }

  function updateHistory() {
    const history = store.history;
    heading.hidden = hint.hidden = !history || history.times.length === 0;
    for (const name of history?.stages.keys() ?? []) {
      if (!drawn.has(name)) {
        drawn.set(name, curves(name));
        charts.append(drawn.get(name).element);
      }
      drawn.get(name).draw(history);
    }
  }

  store.addEventListener("lag", updateLag, { signal });
  store.addEventListener("history", updateHistory, { signal });
  updateLag();
  updateHistory();
  return [h("h1", {}, "Stages"), told, table, heading, hint, charts];
}

function summary(lag) {
  const stuck = lag.stages.filter(
    (stage) => stage.trouble || ["stalled", "stopped"].includes(stage.verdict));
  if (stuck.length > 0) {
    return stuck.map((stage) => (stage.trouble
      ? `${stage.stage}: ${stage.trouble}.` : `The ${stage.stage} is ${VERDICTS[stage.verdict]}.`)).join(" ");
  }
  const waiting = lag.stages.filter((stage) => stage.lag > 0);
  if (waiting.length === 0) {
    return "Nothing waits anywhere.";
  }
  const [longest] = [...waiting].sort(
    (one, other) => (other.drain_seconds ?? -1) - (one.drain_seconds ?? -1));
  return longest.drain_seconds === null
    ? `${counted(longest.lag, "offset waits", "offsets wait")} before the ${longest.stage}.`
    : `The ${longest.stage} needs longest: its backlog is gone about ${
      time(new Date(Date.now() + longest.drain_seconds * 1000))}, in ${duration(longest.drain_seconds)}.`;
}
