// One job: how it stands, and the gallery of what it has painted so far.

import { ApiError, address, fetchPicture, get } from "./api.js";
import { actionButton, alertUser, h, say } from "./dom.js";
import { count, counted, time } from "./format.js";
import { jobActions, jobStanding } from "./jobs.js";
import { liveOf } from "./live.js";
import { addJobs, isOpen, store } from "./store.js";

const SEED = "With 1 candidate and the same options, it paints this picture again";
const PAGE = 48;
const REFRESH_MILLIS = 2000;
const TYPING_MILLIS = 300;

export function jobView(signal, id) {
  const standing = jobStanding();
  const actions = h("div", { class: "actions row" });
  const offerActions = jobActions(actions);
  const missing = h("p", { class: "problem", hidden: true });
  const problems = h("div", {});
  const files = h("p", { class: "small", hidden: true }, "To keep: ", links(id));
  const gallery = galleryOf(signal, id);
  let problemsTold = false;

  function update() {
    const job = store.jobs.get(id);
    if (!job) {
      return;
    }
    missing.hidden = true;
    standing.update(job);
    offerActions(job);
    files.hidden = isOpen(job) || job.status === "failed";
    if (job.status === "failed" && !problemsTold) {
      problemsTold = true;
      tellProblems(id, problems);
    }
    gallery.update(job);
  }

  async function load() {
    try {
      addJobs([await get(`/v1/jobs/${encodeURIComponent(id)}`)]);
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
    h("div", { class: "row title" }, h("h1", { class: "id" }, id), standing.status, actions),
    h("div", { class: "standing" },
      standing.progress, standing.bar, standing.counts, standing.facts),
    missing, files, problems,
    ...gallery.elements,
  ];
}

/** The files that a job leaves when it is done, its pictures on pages and what is told of them. */
function links(id) {
  const path = address(`/v1/jobs/${encodeURIComponent(id)}/files/`);
  return [h("a", { href: `${path}index.html` }, "all pictures"), ", ",
    h("a", { href: `${path}output.jsonl`, download: `${id}-output.jsonl` }, "output.jsonl"), ", ",
    h("a", { href: `${path}manifest.json`, download: `${id}-manifest.json` }, "manifest.json"),
    "; everything, verified: ", h("code", {}, `nocturne download ${id} DIR`)];
}

/** Of a file that is bad: nothing was started, and why. */
async function tellProblems(id, place) {
  try {
    const batch = await get(`/v1/batches/${encodeURIComponent(id)}`);
    const list = (batch.errors?.data ?? []).map((problem) =>
      h("li", {}, (problem.line ? `Line ${problem.line}: ` : "") + problem.message));
    place.replaceChildren(
      h("h2", {}, "What is wrong"), h("ul", { class: "problem" }, list));
  } catch (error) {
    alertUser(error);
  }
}

function galleryOf(signal, id) {
  const path = `/v1/jobs/${encodeURIComponent(id)}/requests`;
  const text = h("input", { type: "search", id: "find", maxlength: 200, autocomplete: "off" });
  const status = h("select", { id: "state" },
    ["", "completed", "failed", "cancelled", "expired"].map(
      (value) => h("option", { value }, value === "" ? "all" : value)));
  const told = h("p", { class: "told", role: "status" }, "Looking for results …");
  const list = h("ul", { class: "gallery" });
  const more = actionButton("Show more", () => load(lastId), { class: "more", hidden: true });
  const live = liveOf(signal, id);
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
    page.data.forEach((result) => live.remove(result.request_id));
    tell();
  }

  function tell() {
    more.hidden = !hasMore;
    if (shown.size > 0) {
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

  return {
    elements: [
      live.element,
      h("h2", {}, "Results"),
      h("form", { class: "filter row", role: "search", "aria-label": "Results",
        onsubmit: (event) => event.preventDefault() },
      h("label", { for: "find" }, "Caption has"), text,
      h("label", { for: "state" }, "State"), status),
      told, list, more,
    ],
    update(now) {
      job = now;
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
      h("p", {}, h("span", { class: "status", "data-status": result.status }, result.status),
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
      ? h("div", { class: "others" }, others.map((image) => picture(jobId, result, image)))
      : null,
    caption,
    h("p", { class: "small" },
      h("span", { title: "Cosine of the picture's and the caption's CLIP embeddings" },
        `score ${best.score.toFixed(3)}`),
      " · seed ", h("span", { class: "seed", title: SEED }, best.seed)),
    actionButton("All candidates", () => showCandidates(jobId, result),
      { class: "quiet", "aria-label": `All candidates of “${result.caption}”` }));
}

function picture(jobId, result, image) {
  const file = image.key.slice(image.key.lastIndexOf("/") + 1);
  const url = address(`/v1/images/${encodeURIComponent(jobId)}/${result.request_id}/${file}`);
  return h("a", { href: url, title: `rank ${image.rank}, score ${image.score.toFixed(3)}` },
    h("img", { src: url, loading: "lazy", decoding: "async", width: 64, height: 64,
      alt: `${result.caption}, rank ${image.rank}` }));
}

/** Every candidate of a request, the best first. */
async function showCandidates(jobId, result) {
  const path = `/v1/jobs/${encodeURIComponent(jobId)}/requests/${result.request_id}`;
  let candidates;
  try {
    candidates = (await get(path)).candidates ?? [];
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      throw new ApiError("The server does not know the candidates of this request.", 404);
    }
    throw error;
  }
  const close = h("button", { class: "primary" }, "Close");
  const items = candidates.map((candidate) => h("li", {},
    candidatePicture(candidate),
    h("p", { class: "small" }, `rank ${candidate.rank}, score ${candidate.score.toFixed(3)}`),
    h("p", { class: "small" }, "seed ", h("span", { class: "seed", title: SEED }, candidate.seed))));
  const dialog = h("dialog", { class: "wide", "aria-labelledby": "candidates" },
    h("form", { method: "dialog", class: "row title" },
      h("h2", { id: "candidates" }, `${counted(items.length, "candidate", "candidates")} of “${result.caption}”`),
      close),
    items.length > 0
      ? h("ul", { class: "candidates" }, items)
      : h("p", {}, "The server does not know the candidates of this request."));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

let rendering = Promise.resolve();

/** A candidate that is not published is rendered when somebody asks for it, where its tokens were kept. */
function candidatePicture({ url, published, rank }) {
  const place = h("div", { class: "nothing" });
  if (url === null) {
    return place;
  }
  const image = () => h("img", { src: address(apiPath(url)), width: 64, height: 64, alt: `rank ${rank}` });
  if (published) {
    return image();
  }
  const told = h("p", { class: "small", role: "status" });
  place.append(actionButton("Render", async () => {
    say(told, "Rendering …");
    // one after the other: a browser has few connections to a host, and each of these lasts
    const mine = rendering.then(() => fetchPicture(apiPath(url)));
    rendering = mine.catch(() => {});
    try {
      await mine;
      place.replaceWith(image());
    } catch (error) {
      say(told, error.message); // here: an alert would be behind the dialog
    }
  }, { "aria-label": `Render rank ${rank}` }), told);
  return place;
}

/** Addresses in answers are the public ones; here only what is asked of the API counts. */
function apiPath(url) {
  const { pathname } = new URL(url, location.href);
  return pathname.slice(pathname.lastIndexOf("/v1/"));
}
