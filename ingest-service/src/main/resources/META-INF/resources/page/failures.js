// Tells which captions of a job have failed, and why.

import { get } from "./api.js";
import { actionButton, h, say } from "./dom.js";
import { count, counted } from "./format.js";

const MOST = 5;

/** The element, and update(job) with each newer state of the job. */
export function failures(signal, id, showAll) {
  const heading = h("h2", {});
  const list = h("ul", { class: "failures" });
  const all = actionButton("", () => showAll(), { hidden: true });
  const section = h("section", { class: "failed", hidden: true, "aria-label": "Failed captions" },
    heading, list, all);
  let told = 0; // captions that are counted in what is shown
  let reading = false;

  async function update(job) {
    const { failed } = job.counts;
    if (failed === told || reading) {
      return;
    }
    reading = true;
    try {
      const page = await get(`v1/jobs/${encodeURIComponent(id)}/requests`,
        { status: "failed", limit: MOST });
      if (signal.aborted) {
        return;
      }
      told = failed;
      list.replaceChildren(...page.data.map(failureOf));
      say(all, `All ${count(failed)} failed captions`);
      all.hidden = !page.has_more;
    } catch (error) {
      list.replaceChildren(h("li", { class: "reason" }, `Why is not known: ${error.message}`));
    } finally {
      section.hidden = list.childElementCount === 0;
      say(heading, counted(failed, "caption has failed", "captions have failed"));
      reading = false;
    }
  }

  return { element: section, update };
}

function failureOf({ caption, custom_id: customId, failure }) {
  const where = [failure?.code, failure?.stage ? `in ${failure.stage}` : null,
    failure?.line ? `line ${failure.line}` : null, failure?.param].filter(Boolean).join(" · ");
  return h("li", {},
    h("p", { class: "caption" }, caption || customId || "(no caption)"),
    h("p", { class: "reason" }, failure?.message ?? "No reason was given."),
    h("p", { class: "small" }, where));
}
