// The list of jobs: searched, by days, page by page from the API, and no more of it in the document than near the
// window.

import { alertUser, actionButton, h, say } from "./dom.js";
import { between, clockTime, count, counted, dayName, exactTime } from "./format.js";
import { jobList } from "./job-list.js";
import {
  countsOf, factsOf, isSingle, jobActions, nameOf, progressBar, tellOutcome,
} from "./standing.js";
import { isOpen, store } from "./store.js";

const TYPING_MILLIS = 300;
const NEAR = "1000px 0px"; // of the window: what is as near as that is in the document
const ROW_HEIGHT = 57; // before one was measured
const STATES = [["", "Any state"], ["open", "Being painted"], ["done", "Done"], ["failed", "With failures"]];
const KINDS = [["", "Pictures and jobs"], ["several", "Jobs of several captions"], ["single", "Single pictures"]];

export function jobsView(signal, argument, parameters) {
  const summary = h("p", { class: "lead", role: "status" });
  const told = h("p", { class: "told", role: "status" });
  const rows = h("div", { class: "jobs" });
  const empty = emptiness();
  const more = actionButton("Show older jobs", () => load(), { class: "more", hidden: true });
  const filter = filterForm(parameters, anew);
  let pieces = new Map(); // what is in the document, by key
  let list;
  let loading = null; // the list of which a page is on its way
  let loadsByItself = true; // until that fails

  function anew() {
    list = jobList(filter.query());
    loadsByItself = true;
    pieces.forEach((piece) => near.unobserve(piece.element));
    pieces = new Map();
    rows.replaceChildren();
    if (list.isReady) {
      update();
    } else {
      say(told, "Looking for jobs …");
      load();
    }
  }

  async function load(again = false) {
    const mine = list;
    if (loading === mine && !again) {
      return;
    }
    loading = mine;
    try {
      await mine.load(again);
      loadsByItself = true;
    } catch (error) {
      loadsByItself = false;
      if (mine === list && !signal.aborted) {
        mine.isReady ? alertUser(error) : say(told, error.message);
      }
    } finally {
      loading = loading === mine ? null : loading;
    }
  }

  let due = false;

  /** Soon, and once, however much has changed. */
  function updateSoon() {
    if (!due) {
      due = true;
      setTimeout(() => {
        due = false;
        if (!signal.aborted) {
          update();
        }
      });
    }
  }

  function update() {
    if (!list.isReady) {
      return;
    }
    const parts = list.pieces();
    const shown = parts.reduce((sum, part) => sum + part.jobs.length, 0);
    more.hidden = !list.hasMore;
    empty.hidden = shown > 0 || filter.isSet();
    filter.form.hidden = !empty.hidden;
    tell(shown);
    place(parts);
    end.unobserve(more); // so that it is told again where it still is in sight
    end.observe(more);
  }

  function tell(shown) {
    const fit = filter.isSet() ? (shown === 1 ? " fits" : " fit") : "";
    if (shown === 0) {
      say(told, filter.isSet() ? "No job fits. Try fewer words, or another state." : "");
    } else {
      say(told, list.hasMore
        ? `The latest ${count(shown)} jobs${filter.isSet() ? " that fit" : ""}; older ones follow.`
        : `${counted(shown, "job", "jobs")}${fit}, the latest first.`);
    }
  }

  /** Puts each piece in its place, and fills those that are near. */
  function place(parts) {
    const kept = new Set(parts.map((part) => part.key));
    for (const [key, piece] of pieces) {
      if (!kept.has(key)) {
        near.unobserve(piece.element);
        piece.element.remove();
        pieces.delete(key);
      }
    }
    let next = rows.firstElementChild;
    let day = null;
    for (const { key, jobs } of parts) {
      if (!pieces.has(key)) {
        const piece = pieceOf(key, list.heights);
        pieces.set(key, piece);
        rows.insertBefore(piece.element, next);
        near.observe(piece.element);
        piece.isNear = key === "";
      } else {
        next = next.nextElementSibling;
      }
      pieces.get(key).show(jobs, day);
      day = dayOf(jobs.at(-1));
    }
  }

  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      for (const piece of pieces.values()) {
        if (piece.element === target) {
          piece.isNear = isIntersecting;
        }
      }
    }
    update();
  }, { rootMargin: NEAR });
  const end = new IntersectionObserver((entries) => {
    if (entries.at(-1).isIntersecting && list.hasMore && loadsByItself) {
      load();
    }
  }, { rootMargin: NEAR });
  signal.addEventListener("abort", () => {
    near.disconnect();
    end.disconnect();
  });

  function tellWork() {
    say(summary, store.work === null ? "" : headline(store.work));
  }

  store.addEventListener("jobs", updateSoon, { signal });
  store.addEventListener("work", tellWork, { signal });
  store.addEventListener("gap", () => load(true), { signal });
  store.addEventListener("snapshot", () => list.isReady || load(), { signal }); // the server is back
  tellWork();
  anew();
  return [h("h1", {}, "Jobs"), summary, filter.form, told, empty, rows, more];
}

function headline({ jobs, captions, estimated_finish: estimate }) {
  if (jobs === 0) {
    return "Nothing is being painted.";
  }
  const subject = `${counted(captions, "caption", "captions")} in ${
    counted(jobs, "job", "jobs")} still to paint`;
  return estimate === null
    ? `${subject}.`
    : `${subject}, done ${between(new Date(estimate.earliest), new Date(estimate.latest))}.`;
}

function emptiness() {
  return h("div", { class: "empty", hidden: true },
    h("p", {}, "No job yet. Captions sent now are painted as soon as a worker is free."),
    h("p", {}, h("a", { class: "button primary", href: "#/new" }, "Write the first captions")),
    h("p", {}, "Or from a terminal: ",
      h("code", {}, "./nocturne submit captions.jsonl"), ", or ",
      h("code", {}, './nocturne publish "a red apple"'), "."));
}

/** What is looked for stands in the page's address, so that it can be kept and shared. */
function filterForm(parameters, changed) {
  const text = h("input", { type: "search", id: "find", maxlength: 200, autocomplete: "off",
    value: parameters.get("text") ?? "", placeholder: "Caption or job id", "aria-label": "Caption or job id" });
  const choice = (id, label, choices) => h("select", { id, "aria-label": label },
    choices.map(([value, words]) => h("option", { value, selected: value === parameters.get(id) }, words)));
  const state = choice("state", "State", STATES);
  const kind = choice("kind", "Kind", KINDS);
  const query = () => ({ text: text.value.trim(), state: state.value, kind: kind.value });

  function apply() {
    const wanted = new URLSearchParams(Object.entries(query()).filter(([, value]) => value !== ""));
    history.replaceState(null, "", wanted.size > 0 ? `#/jobs?${wanted}` : "#/jobs");
    changed();
  }

  let typing;
  text.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(apply, TYPING_MILLIS);
  });
  state.addEventListener("change", apply);
  kind.addEventListener("change", apply);
  return {
    query,
    isSet: () => Object.values(query()).some((value) => value !== ""),
    form: h("form", { class: "filter row", role: "search", "aria-label": "Jobs",
      onsubmit: (event) => event.preventDefault() },
    text, state, kind),
  };
}

function dayOf(job) {
  return new Date(job.at).toDateString();
}

/** Some jobs one after the other; far from the window only the room that they take. */
function pieceOf(key, heights) {
  const element = h("div", {});
  const rows = new Map();
  let shape = null; // which rows there are, and under which days

  function hide(jobs) {
    if (shape !== null) {
      heights.set(key, element.offsetHeight);
      element.replaceChildren();
      rows.clear();
      shape = null;
    }
    element.style.height = `${heights.get(key) ?? jobs.length * ROW_HEIGHT}px`;
  }

  function fill(jobs, dayBefore) {
    const now = [new Date().toDateString(), dayBefore, ...jobs.map((job) => job.id)].join();
    if (now === shape) {
      return;
    }
    shape = now;
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    const parts = [];
    let day = dayBefore;
    for (const job of jobs) {
      if (dayOf(job) !== day) {
        day = dayOf(job);
        parts.push(h("h2", { class: "day" }, dayName(new Date(job.at))));
      }
      if (parts.at(-1)?.tagName !== "UL") {
        parts.push(h("ul", {}));
      }
      if (!rows.has(job.id)) {
        rows.set(job.id, row());
      }
      parts.at(-1).append(rows.get(job.id).element);
    }
    const shown = new Set(jobs.map((job) => job.id));
    [...rows.keys()].filter((id) => !shown.has(id)).forEach((id) => rows.delete(id));
    element.style.height = "";
    element.replaceChildren(...parts);
    focused?.isConnected && focused.focus({ preventScroll: true });
  }

  return {
    element,
    isNear: false,
    show(jobs, dayBefore) {
      if (!this.isNear && !element.contains(document.activeElement)) {
        hide(jobs);
        return;
      }
      fill(jobs, dayBefore);
      jobs.forEach((job) => rows.get(job.id).update(job));
    },
  };
}

/** A single picture takes one line; a job of several captions tells what became of them. */
function row() {
  const thumbnails = h("span", { class: "thumbnails" });
  const link = h("a", { class: "name" });
  const others = h("span", { class: "others" });
  const facts = h("p", { class: "facts" });
  const bar = progressBar();
  const actions = h("div", { class: "actions row" });
  const status = h("span", { class: "status" });
  const at = h("time", {});
  const element = h("li", {}, thumbnails,
    h("div", { class: "about" }, h("p", {}, link, others), facts, bar.element),
    actions, status, at);
  const offerActions = jobActions(actions);
  let shown = null;
  let pictures = null;

  function update(job) {
    if (job === shown) {
      return;
    }
    shown = job;
    link.href = `#/job/${encodeURIComponent(job.id)}`;
    link.title = job.id;
    link.classList.toggle("id", job.caption === null);
    say(link, nameOf(job));
    const single = isSingle(job);
    const rest = job.counts.total - 1;
    say(others, job.caption !== null && rest > 0 ? ` and ${count(rest)} more` : "");
    facts.hidden = single;
    facts.replaceChildren(...(single ? [] : [...countsOf(job), ...factsOf(job)]));
    bar.element.hidden = single || !isOpen(job) || job.status === "validating";
    bar.update(job);
    tellOutcome(status, job);
    status.classList.toggle("hidden", single && job.status === "completed" && job.counts.completed === 1);
    single ? actions.replaceChildren() : offerActions(job);
    at.dateTime = job.submitted_at;
    at.title = exactTime(new Date(job.at));
    say(at, clockTime(new Date(job.at)));
    showPictures(job.thumbnails);
  }

  function showPictures(addresses) {
    if (addresses.join() !== pictures) {
      pictures = addresses.join();
      thumbnails.dataset.count = addresses.length;
      // the caption beside them says what they show
      thumbnails.replaceChildren(...addresses.map((src) => h("img", { src, alt: "", width: 44, height: 44,
        loading: "lazy", decoding: "async", onerror: (event) => event.target.remove() })));
    }
  }

  return { element, update };
}
