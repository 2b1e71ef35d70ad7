// Records that could not be processed, and the way to give them another chance.

import { ApiError, get, post } from "./api.js";
import { actionButton, confirmed, h, say } from "./dom.js";
import { count, counted, exactTime, time } from "./format.js";

const PAGE = 50;

export function deadLettersView(signal) {
  const told = h("p", { class: "lead", role: "status" }, "Looking for dead letters …");
  const body = h("tbody", {});
  const table = h("table", { class: "letters", hidden: true },
    h("caption", { class: "hidden" }, "Dead letters, the latest first"),
    h("thead", {}, h("tr", {}, ["When", "Stage", "Reason", "Record", "Actions"].map(
      (heading) => h("th", { scope: "col" }, heading)))),
    body);
  const more = actionButton("Show more", () => load(lastId), { class: "more", hidden: true });
  const all = actionButton("Replay all", () => replayAll(), { hidden: true });
  let lastId = null;
  let shown = 0;

  async function load(after) {
    const page = await get("v1/dead-letters", { limit: PAGE, after });
    if (signal.aborted) {
      return;
    }
    if (!after) {
      body.replaceChildren();
      shown = 0;
    }
    body.append(...page.data.map(row));
    shown += page.data.length;
    lastId = page.data.at(-1)?.id ?? lastId;
    table.hidden = all.hidden = shown === 0;
    more.hidden = !page.has_more;
    say(told, shown === 0
      ? "No dead letters: every record so far could be processed."
      : `${counted(shown, "record", "records")}${page.has_more ? " and more" : ""} could not be processed. Replay when the cause is gone.`);
  }

  async function begin() {
    try {
      await load(null);
    } catch (error) {
      say(told, error instanceof ApiError && error.status === 404
        ? "This server does not list its dead letters; they are in the topic dead-letters of Kafka."
        : error.message);
    }
  }

  /** One after the other; what is refused is counted, and the last reason told. */
  async function replayAll() {
    if (!await confirmed("Replay every dead letter that was not replayed yet?", "Replay all")) {
      return;
    }
    let after = null;
    let replayed = 0;
    let refused = 0;
    let reason = "";
    try {
      for (let page = null; page === null || page.has_more;) {
        page = await get("v1/dead-letters", { limit: PAGE, after });
        for (const letter of page.data.filter((one) => !one.replayed_at)) {
          if (signal.aborted) {
            return;
          }
          try {
            await replay(letter.id);
            replayed++;
          } catch (error) {
            if (!(error.status >= 400 && error.status < 500)) {
              throw error; // the next one would fare no better
            }
            refused++;
            reason = error.message;
          }
          say(told, `${count(replayed)} replayed …`);
        }
        after = page.data.at(-1)?.id ?? after;
      }
    } finally {
      if (!signal.aborted) {
        await load(null);
      }
    }
    say(told, `${counted(replayed, "dead letter", "dead letters")} replayed.${
      refused > 0 ? ` ${count(refused)} refused: ${reason}` : ""}`);
  }

  begin();
  return [h("div", { class: "row title" }, h("h1", {}, "Dead letters"), all), told, table, more];
}

function replay(id) {
  return post(`v1/dead-letters/${encodeURIComponent(id)}/replay`);
}

function row(letter) {
  const at = new Date(letter.at);
  const state = h("p", { class: "small", role: "status" });
  const actions = h("div", { class: "row" });
  const details = h("td", { colspan: 5 });
  const detailsRow = h("tr", { class: "details", hidden: true }, details);
  const show = actionButton("Details", async () => {
    if (detailsRow.hidden && details.childElementCount === 0) {
      details.append(describe(await get(`v1/dead-letters/${encodeURIComponent(letter.id)}`)));
    }
    detailsRow.hidden = !detailsRow.hidden;
    show.setAttribute("aria-expanded", String(!detailsRow.hidden));
  }, { class: "quiet", "aria-expanded": "false", "aria-label": `Details of ${letter.id}` });
  const again = actionButton("Replay", async () => {
    await replay(letter.id);
    again.remove();
    say(state, "replayed now");
  }, { "aria-label": `Replay ${letter.id}` });
  if (letter.replayed_at) {
    say(state, `replayed ${time(new Date(letter.replayed_at))}`);
    actions.append(show, state);
  } else {
    actions.append(again, show, state);
  }
  const job = letter.job_id
    ? h("a", { href: `#/job/${encodeURIComponent(letter.job_id)}` }, letter.job_id)
    : h("span", {}, "job not known");
  const rows = document.createDocumentFragment();
  rows.append(
    h("tr", {},
      h("th", { scope: "row" }, h("time", { datetime: letter.at, title: exactTime(at) }, time(at))),
      h("td", { "data-label": "Stage" }, letter.stage ?? "not known"),
      h("td", { "data-label": "Reason" },
        letter.reason_code ? h("code", {}, letter.reason_code) : null,
        h("p", { class: "reason" }, letter.reason ?? "no reason given")),
      h("td", { "data-label": "Record" },
        h("p", {}, letter.topic
          ? `${letter.topic} ${letter.partition}-${letter.offset}` : "origin not known"),
        h("p", { class: "small" }, `${counted(letter.bytes ?? 0, "byte", "bytes")}, `, job)),
      h("td", { "data-label": "Actions" }, actions)),
    detailsRow);
  return rows;
}

/** Whatever the server knows of a letter, name by name. */
function describe(letter) {
  const list = h("dl", {});
  const caption = letter.payload?.caption ?? letter.payload?.request?.caption ?? null;
  for (const [name, value] of Object.entries({ caption, ...letter })) {
    if (value !== null && value !== "") {
      list.append(h("dt", {}, name.replaceAll("_", " ")),
        h("dd", {}, typeof value === "object" ? JSON.stringify(value, null, 1) : String(value)));
    }
  }
  return list;
}
