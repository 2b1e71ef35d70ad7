// Pictures of a request, and their addresses.

import { h } from "./dom.js";

/** Seeds are exact as text alone: they may have 64 bits. */
const SEED = "With 1 candidate and the same options, it paints this picture again";

/** What a rank comes from: CLIP's score, or the likelihood where the model has no CLIP. */
export function worth({ score, log_probability: logProbability }) {
  return score === undefined ? `log-probability ${logProbability.toFixed(1)}` : `score ${score.toFixed(3)}`;
}

/** A picture of a result, which leads to itself. */
export function picture(jobId, result, image) {
  const file = image.key.slice(image.key.lastIndexOf("/") + 1);
  const url = `v1/images/${encodeURIComponent(jobId)}/${result.request_id}/${file}`;
  return h("a", { href: url, title: `rank ${image.rank}, ${worth(image)}` },
    h("img", { src: url, loading: "lazy", decoding: "async", width: 64, height: 64,
      alt: `${result.caption}, rank ${image.rank}` }));
}

/** Answers name the API as their callers know it; here, behind whatever proxy, it is where the page is. */
export function ownAddress(url) {
  return url.slice(url.indexOf("v1/images/"));
}

/** A seed is long and seldom wanted: it shows when somebody asks for it. */
export function seedDisclosure(seed) {
  return h("details", { class: "seed" }, h("summary", {}, "Seed"),
    h("p", { title: SEED }, h("code", {}, seed)), h("p", { class: "small" }, `${SEED}.`));
}
