// What a finished job leaves: its answers, its manifest, its shards.

import { get } from "./api.js";
import { h } from "./dom.js";
import { counted, size } from "./format.js";
import { isOpen } from "./store.js";

const SHARD = /^webdataset(-[a-z]+)?\//; // a folder a format, if there are several

/** What is in each file, in the order in which people want them. */
const WHAT = {
  "index.html": "every picture, on pages to look at",
  "output.jsonl": "what was painted, a line each",
  "errors.jsonl": "what was not, and why",
  "candidates.jsonl": "every candidate, with its tokens",
  "results.jsonl": "what became of each caption, the latest first",
  "input.jsonl": "the captions, as they came",
};

/** The element, and update(job) with each newer state of the job. */
export function jobFiles(signal, id) {
  const list = h("ul", { class: "files" });
  const section = h("section", { hidden: true, "aria-label": "Files" },
    h("h2", {}, "Files"), list,
    h("p", { class: "small" }, "Everything, verified: ", h("code", {}, `nocturne download ${id} DIR`)));
  let asked = false;

  async function update(job) {
    if (isOpen(job) || job.status === "failed" || job.counts.total === 0 || asked) {
      return;
    }
    asked = true;
    try {
      const files = await get(`v1/jobs/${encodeURIComponent(id)}/files`);
      if (!signal.aborted) {
        list.replaceChildren(...items(id, files));
        section.hidden = false;
      }
    } catch (error) {
      asked = error.status === 404 || error.status === 409; // it has none; else the next change asks again
    }
  }

  return { element: section, update };
}

function items(id, files) {
  const byName = new Map(files.map((file) => [file.name, file]));
  const shards = files.filter((file) => SHARD.test(file.name));
  const known = Object.keys(WHAT).filter((name) => byName.has(name));
  return [
    ...known.map((name) => h("li", {}, link(id, name, name === "index.html" ? "All pictures" : name),
      h("span", { class: "small" }, ` ${size(byName.get(name).bytes)} · ${WHAT[name]}`))),
    h("li", {}, link(id, "manifest.json", "manifest.json"),
      h("span", { class: "small" }, " names and checksums of all files")),
    shards.length > 0 ? shardsItem(id, shards) : null,
  ].filter(Boolean);
}

function shardsItem(id, shards) {
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  return h("li", {},
    h("details", {},
      h("summary", {}, counted(shards.length, "WebDataset shard", "WebDataset shards"),
        h("span", { class: "small" }, ` ${size(bytes)} · pictures with captions, for training`)),
      h("ul", {}, shards.map((shard) => h("li", {}, link(id, shard.name, shard.name),
        h("span", { class: "small" }, ` ${size(shard.bytes)}`))))));
}

function link(id, name, label) {
  const path = name.split("/").map(encodeURIComponent).join("/");
  return h("a", {
    href: `v1/jobs/${encodeURIComponent(id)}/files/${path}`,
    download: name.endsWith(".html") ? null : `${id}-${name.replaceAll("/", "-")}`,
  }, label);
}
