// Every candidate of a request, in a dialog.

import { ApiError, fetchPicture, get } from "./api.js";
import { actionButton, h, say } from "./dom.js";
import { counted } from "./format.js";
import { ownAddress, seedDisclosure, worth } from "./pictures.js";

/** The best first. */
export async function showCandidates(jobId, result) {
  const path = `v1/jobs/${encodeURIComponent(jobId)}/requests/${result.request_id}`;
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
    h("p", { class: "small" }, `rank ${candidate.rank}, ${worth(candidate)}`),
    seedDisclosure(candidate.seed)));
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
  const image = () => h("img", { src: ownAddress(url), width: 64, height: 64, alt: `rank ${rank}` });
  if (published) {
    return image();
  }
  const told = h("p", { class: "small", role: "status" });
  place.append(actionButton("Render", async () => {
    say(told, "Rendering …");
    // one after the other: a browser has few connections to a host, and each of these lasts
    const mine = rendering.then(() => fetchPicture(ownAddress(url)));
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
