// A curve over the last hour, drawn in SVG.

import { h, s, say } from "./dom.js";
import { time } from "./format.js";

const WIDTH = 480;
const HEIGHT = 84;
const SPAN_MILLIS = 60 * 60 * 1000;
const GAP_MILLIS = 30 * 1000; // without a measurement for this long the curve breaks off

/**
 * @param title what is drawn, of which stage
 * @param text one value in words
 * @returns {element, draw(times, values)}: times in ms, oldest first; a null value is a gap
 */
export function chart(title, text) {
  const area = s("path", { class: "area" });
  const line = s("path", { class: "line" });
  const mark = s("line", { class: "mark", y1: 0, y2: HEIGHT });
  mark.style.display = "none";
  const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none",
    role: "img" },
  [0.25, 0.5, 0.75].map((part) => s("line", { class: "grid",
    x1: part * WIDTH, x2: part * WIDTH, y1: 0, y2: HEIGHT })),
  area, line, mark);
  const top = h("span", { class: "top-value", "aria-hidden": "true" });
  const reading = h("figcaption", {});
  const from = h("span", {});
  const element = h("figure", { class: "chart" }, reading, h("div", { class: "plot" }, svg, top),
    h("div", { class: "axis", "aria-hidden": "true" }, from, h("span", {}, "30 min ago"),
      h("span", {}, "now")));
  let times = [];
  let values = [];

  function x(at) {
    return WIDTH * (1 - (times.at(-1) - at) / SPAN_MILLIS);
  }

  function draw(newTimes, newValues) {
    [times, values] = [newTimes, newValues];
    const known = values.filter((value) => value !== null);
    const highest = Math.max(1, ...known);
    const y = (value) => HEIGHT - 2 - (HEIGHT - 8) * (value / highest);
    let linePath = "";
    let areaPath = "";
    for (const run of runs(times, values)) {
      const points = run.map((i) => `${x(times[i]).toFixed(1)},${y(values[i]).toFixed(1)}`);
      linePath += `M${points.join("L")}`;
      areaPath += `M${x(times[run[0]]).toFixed(1)},${HEIGHT}L${points.join("L")}L${
        x(times[run.at(-1)]).toFixed(1)},${HEIGHT}Z`;
    }
    line.setAttribute("d", linePath);
    area.setAttribute("d", areaPath);
    say(top, known.length === 0 ? "" : text(highest));
    say(from, "1 h ago");
    svg.setAttribute("aria-label", known.length === 0
      ? `${title}: nothing measured in the last hour`
      : `${title} in the last hour: now ${read(values.length - 1)}, at most ${
        text(Math.max(...known))}`);
    tellNow();
  }

  function read(i) {
    return values[i] === null || values[i] === undefined ? "not known" : text(values[i]);
  }

  function tellNow() {
    if (mark.style.display === "none") {
      say(reading, `${title.split(" of ")[0]}: ${read(values.length - 1)}`);
    }
  }

  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const at = times.at(-1) - SPAN_MILLIS * (1 - (event.clientX - box.left) / box.width);
    const i = nearest(times, at);
    if (i >= 0) {
      mark.style.display = "";
      mark.setAttribute("x1", x(times[i]));
      mark.setAttribute("x2", x(times[i]));
      say(reading, `${time(new Date(times[i]))}: ${read(i)}`);
    }
  });
  svg.addEventListener("pointerleave", () => {
    mark.style.display = "none";
    tellNow();
  });
  return { element, draw };
}

/** Indexes of values that belong together, without gaps between them. */
function runs(times, values) {
  const all = [];
  let run = [];
  values.forEach((value, i) => {
    const gap = i > 0 && times[i] - times[i - 1] > GAP_MILLIS;
    if ((value === null || gap) && run.length > 0) {
      all.push(run);
      run = [];
    }
    if (value !== null) {
      run.push(i);
    }
  });
  return run.length > 0 ? [...all, run] : all;
}

function nearest(times, at) {
  let best = -1;
  times.forEach((candidate, i) => {
    if (best < 0 || Math.abs(candidate - at) < Math.abs(times[best] - at)) {
      best = i;
    }
  });
  return best;
}
