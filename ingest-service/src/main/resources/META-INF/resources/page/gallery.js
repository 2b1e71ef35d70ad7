// What a job has painted so far, the latest first, page by page.

import { get } from "./api.js";
import { actionButton, h, say } from "./dom.js";
import { count, counted, time } from "./format.js";
import { showCandidates } from "./candidates.js";
import { picture, seedDisclosure, worth } from "./pictures.js";
import { isSingle } from "./standing.js";
import { isOpen } from "./store.js";

const PAGE = 48;
const REFRESH_MILLIS = 2000;
const TYPING_MILLIS = 300;

const ORDERS = {
  clip: "Cosine of the picture's and the caption's CLIP embeddings, and what the model adds for likelihood",
  likelihood: "The likeliest first: the model has no CLIP to compare pictures and caption with",
};

/** The element, and update(job) with each newer state of the job; show(state) leaves only requests in that state. */
export function gallery(signal, id, shownNow) {
  const path = `v1/jobs/${encodeURIComponent(id)}/requests`;
  const text = h("input", { type: "search", id: "find", maxlength: 200, autocomplete: "off" });
  const status = h("select", { id: "state" },
    ["", "completed", "failed", "cancelled", "expired"].map(
      (value) => h("option", { value }, value === "" ? "all" : value)));
  const heading = h("h2", { tabindex: -1 }, "Results");
  const told = h("p", { class: "told", role: "status" }, "Looking for results …");
  const list = h("ul", { class: "gallery" });
  const more = actionButton("Show more", () => load(lastId), { class: "more", hidden: true });
  let shown = new Map(); // elements by request id
  let lastId = null;
  let hasMore = false;
  let finished = -1; // of the job, when the first page was read
  let job = null;
  let timer = null;
  let loaded = false;
  let round = 0; // an answer to older words of the filter is thrown away

  /** A page; without after the first one, in front of what is shown already. */
  async function load(after) {
    const mine = round;
    const page = await get(path, { limit: PAGE, after, text: text.value.trim(), status: status.value });
    const late = after && after !== lastId; // the list has begun anew, and this is no part of it
    if (mine !== round || late || signal.aborted) {
      return;
    }
    const known = page.data.some((result) => shown.has(result.request_id));
    if (!after && !known) { // begins anew: more came than a page has, or all is new
      shown = new Map();
      list.replaceChildren();
      lastId = null;
    }
    const fresh = page.data.filter((result) => !shown.has(result.request_id));
    const cards = fresh.map((result) => {
      const element = card(id, result);
      shown.set(result.request_id, element);
      return element;
    });
    after || !known ? list.append(...cards) : list.prepend(...cards);
    if (after || lastId === null) {
      lastId = page.last_id;
      hasMore = page.has_more;
    }
    loaded = true;
    page.data.forEach(shownNow);
    tell();
  }

  function tell() {
    more.hidden = !hasMore;
    if (shown.size > 0 && isSingle(job)) {
      say(told, "");
    } else if (shown.size > 0) {
      say(told, hasMore
        ? `The latest ${count(shown.size)} are shown.`
        : `${counted(shown.size, "request", "requests")}, the latest first.`);
    } else if (text.value.trim() !== "" || status.value !== "") {
      say(told, "Nothing fits. Try fewer words, or another state.");
    } else if (job?.status === "failed") {
      say(told, "");
    } else if (job && isOpen(job)) {
      say(told, "Nothing is painted yet. Pictures appear here one by one as they are finished.");
    } else {
      say(told, "This job has no results.");
    }
  }

  async function first() {
    try {
      await load(null);
    } catch (error) {
      say(told, error.message);
      if (error.status === 0 || error.status >= 500) {
        soon();
      }
    }
  }

  /** At most one read every few seconds, however fast results come. */
  function soon() {
    timer ??= setTimeout(() => {
      timer = null;
      if (!signal.aborted) {
        first();
      }
    }, REFRESH_MILLIS);
  }

  function anew() {
    round++;
    shown = new Map();
    lastId = null;
    list.replaceChildren();
    say(told, "Looking …");
    first();
  }

  let typing;
  text.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(anew, TYPING_MILLIS);
  });
  status.addEventListener("change", anew);

  const filter = h("form", { class: "filter row", role: "search", "aria-label": "Results",
    onsubmit: (event) => event.preventDefault() },
  h("label", { for: "find" }, "Caption has"), text,
  h("label", { for: "state" }, "State"), status);
  const section = h("section", { "aria-label": "Results" }, heading, filter, told, list, more);

  return {
    element: section,
    show(state) {
      status.value = state;
      text.value = "";
      anew();
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: "start" });
    },
    update(now) {
      job = now;
      filter.hidden = isSingle(now);
      section.hidden = isSingle(now) && now.counts.failed === 1; // which stands among the failures
      const done = now.counts.total - now.counts.in_progress;
      if (finished < 0) {
        first();
      } else if (done !== finished) {
        soon();
      } else if (loaded) {
        tell();
      }
      finished = done;
    },
  };
}

function card(jobId, result) {
  const caption = h("p", { class: "caption" }, result.caption || result.custom_id || "(no caption)");
  if (result.status !== "completed") {
    const failure = result.failure;
    return h("li", { class: "card unpainted" }, caption,
      h("p", {}, h("span", { class: "status", "data-tone": result.status === "cancelled" ? "off" : "bad" }, result.status),
        failure?.code ? h("code", {}, failure.code) : null),
      failure ? h("p", { class: "reason" }, failure.message) : null,
      h("p", { class: "small" }, [
        failure?.stage ? `in ${failure.stage}` : null,
        failure?.line ? `line ${failure.line}` : null,
        failure?.param,
        time(new Date(result.finished_at))].filter(Boolean).join(" · ")));
  }
  const [best, ...others] = result.images;
  return h("li", { class: "card" },
    h("div", { class: "picture" }, picture(jobId, result, best)),
    others.length > 0
      ? h("div", { class: "alternatives" }, others.map((image) => picture(jobId, result, image)))
      : null,
    caption,
    h("p", { class: "small", title: ORDERS[result.ranked_by] }, worth(best)),
    h("div", { class: "row foot" },
      actionButton("All candidates", () => showCandidates(jobId, result),
        { class: "quiet", "aria-label": `All candidates of “${result.caption}”` }),
      seedDisclosure(best.seed)));
}
