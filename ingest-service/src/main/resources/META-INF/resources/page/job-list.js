// Which jobs the list shows: those that fit, down to where the API was asked, and what the stream tells of newer ones.

import { get } from "./api.js";
import { addJobs, compareJobs, isOpen, store } from "./store.js";

const PAGE = 50;
const PIECE = 40; // jobs, or up to twice as many

let last = null; // the list that was shown last: whoever comes back finds as much of it as was there

/** @param query {text, state, kind}: words of the API, empty for any */
export function jobList(query) {
  const key = JSON.stringify(query);
  if (last?.key !== key) {
    last = new JobList(query, key);
  }
  return last;
}

class JobList {
  heights = new Map(); // of pieces that are not shown, by their keys
  hasMore = true;
  #end = null; // the oldest job that was read; null: none was
  #borders = new Set(); // ids of jobs that begin a piece
  #round = 0;

  constructor(query, key) {
    this.query = query;
    this.key = key;
  }

  /** Whether anything has been read yet. */
  get isReady() {
    return this.#end !== null || !this.hasMore;
  }

  /** Reads the next page, or the first one again. */
  async load(anew = false) {
    const mine = anew ? ++this.#round : this.#round;
    const after = anew ? null : this.#end?.id ?? null;
    const page = await get("v1/jobs", { ...this.query, limit: PAGE, after });
    if (mine !== this.#round) {
      return;
    }
    this.hasMore = page.length === PAGE;
    if (page.length > 0) {
      const { id, submitted_at } = page.at(-1);
      this.#end = { id, at: Date.parse(submitted_at) };
    }
    addJobs(page);
  }

  /**
   * The jobs, latest first, in pieces whose borders stay where they are while jobs come and go: then little is moved.
   *
   * @returns [{key, jobs}]
   */
  pieces() {
    const pieces = [];
    for (const job of this.#jobs()) {
      if (pieces.length === 0 || this.#borders.has(job.id)) {
        pieces.push({ key: pieces.length === 0 ? "" : job.id, jobs: [] });
      }
      const { jobs } = pieces.at(-1);
      jobs.push(job);
      if (jobs.length === 2 * PIECE) {
        const rest = jobs.splice(PIECE);
        this.#borders.add(rest[0].id);
        pieces.push({ key: rest[0].id, jobs: rest });
      }
    }
    return pieces;
  }

  #jobs() {
    if (!this.isReady) {
      return [];
    }
    return [...store.jobs.values()]
      .filter((job) => (!this.hasMore || compareJobs(job, this.#end) <= 0) && fits(job, this.query))
      .sort(compareJobs);
  }
}

/** As the API decides it. */
function fits(job, { text, state, kind }) {
  const { total, failed, expired } = job.counts;
  const part = text.toLowerCase();
  return (state !== "open" || isOpen(job))
    && (state !== "done" || !isOpen(job))
    && (state !== "failed" || job.status === "failed" || failed + expired > 0)
    && (kind === "" || (kind === "single") === (total === 1))
    && (part === "" || [job.id, job.caption ?? ""].some((own) => own.toLowerCase().includes(part)));
}
