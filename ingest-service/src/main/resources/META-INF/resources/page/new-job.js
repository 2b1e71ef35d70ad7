// The form that makes a job of captions, or of a file of them.

import { submitCaptions } from "./api.js";
import { captionFile } from "./caption-file.js";
import { h, say } from "./dom.js";
import { counted } from "./format.js";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const PARTIAL_IMAGES = 3;
const WINDOWS = [["1h", "an hour"], ["8h", "8 hours"], ["24h", "a day"], ["7d", "a week"]];
const FORMATS = [["", "PNG"], ["jpeg", "JPEG"], ["webp", "WebP"]];

function field(id, label, hint, properties) {
  return labelled(id, label, hint,
    h("input", { id, autocomplete: "off", "aria-describedby": `${id}-hint`, ...properties }));
}

function choice(id, label, hint, choices, chosen) {
  return labelled(id, label, hint, h("select", { id, "aria-describedby": `${id}-hint` },
    choices.map(([value, text]) => h("option", { value, selected: value === chosen }, text))));
}

function labelled(id, label, hint, input) {
  return { input,
    element: h("div", { class: "field" }, h("label", { for: id }, label), input,
      h("p", { class: "small", id: `${id}-hint` }, hint)) };
}

export function newJobView() {
  const captions = h("textarea", { id: "captions", rows: 8, spellcheck: "true",
    "aria-describedby": "captions-hint", placeholder: "a red apple to the left of a dog" });
  const tally = h("span", { role: "status" });
  captions.addEventListener("input", () => {
    const number = lines(captions.value).length;
    say(tally, number > 0 ? counted(number, "caption", "captions") : "");
  });
  const options = {
    candidates: field("candidates", "Candidates", "drawn and compared for each caption; 16 if left out, or as many as pictures",
      { type: "number", min: 1, max: 512, step: 1 }),
    top: field("top", "Pictures", "the best of them that are kept; 4 if left out, or as many as candidates",
      { type: "number", min: 1, max: 64, step: 1 }),
    temperature: field("temperature", "Temperature", "below 1 keeps to the likely; the model's own if left out",
      { type: "number", min: 0.01, max: 10, step: "any" }),
    guidance: field("guidance", "Guidance", "above 1 keeps closer to the caption; the model's own if left out",
      { type: "number", min: 1, max: 100, step: "any" }),
    seed: field("seed", "Seed", "the same seed paints the same pictures again; a picture's own, with 1 candidate, that picture",
      { type: "text", inputmode: "numeric", pattern: "-?[0-9]{1,19}" }),
    size: field("size", "Size", "of the pictures in pixels, as 64x64; the model's own choice if left out",
      { type: "text", pattern: "auto|[0-9]{1,5}x[0-9]{1,5}" }),
    output_format: choice("output_format", "Format", "of the pictures; JPEG loses a little", FORMATS, ""),
    output_compression: field("output_compression", "Quality", "of JPEG and WebP; 100 if left out",
      { type: "number", min: 0, max: 100, step: 1 }),
  };
  const quality = options.output_compression;
  const offerQuality = () => {
    quality.element.hidden = quality.input.disabled = options.output_format.input.value === "";
  };
  options.output_format.input.addEventListener("change", offerQuality);
  offerQuality();
  const within = choice("within", "To be done within", "what is not painted by then expires", WINDOWS, "24h");
  const shards = h("input", { id: "webdataset", type: "checkbox", "aria-describedby": "webdataset-hint" });
  const schedule = {
    start_after: field("start_after", "Start after", "not before this time", { type: "datetime-local" }),
    window: field("window", "Hours of work", `only then, like 22:00-06:00; in ${ZONE}, unless a time zone follows`, { type: "text" }),
    deadline: field("deadline", "Deadline", "wanted by this time", { type: "datetime-local" }),
  };
  const told = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { class: "primary" }, "Paint");
  const form = h("form", { class: "new-job" });
  const file = captionFile(form, parameters);
  form.append(
    h("div", { class: "field" },
      h("label", { for: "captions" }, "Captions"), captions,
      h("p", { class: "small", id: "captions-hint" }, "One a line. ", tally)),
    file.element,
    h("fieldset", {}, h("legend", {}, "For every caption"),
      h("div", { class: "grid" }, Object.values(options).map((option) => option.element))),
    h("div", { class: "field" },
      h("div", { class: "row" }, shards, h("label", { for: "webdataset" }, "WebDataset shards, too")),
      h("p", { class: "small", id: "webdataset-hint" },
        "tar files of pictures with their captions, as loaders for training read them")),
    within.element,
    h("details", {}, h("summary", {}, "When it may run"),
      h("div", { class: "grid" }, Object.values(schedule).map((option) => option.element))),
    told,
    h("div", { class: "row" }, button));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled")) {
      return;
    }
    told.hidden = true;
    button.setAttribute("aria-disabled", "true");
    try {
      const job = await submit();
      location.hash = `#/job/${encodeURIComponent(job.id)}`;
    } catch (error) {
      told.hidden = false;
      say(told, error.message);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });

  function parameters() {
    const said = { completion_window: within.input.value };
    if (shards.checked) {
      said.webdataset = true;
    }
    for (const [name, option] of Object.entries({ ...options, ...schedule })) {
      const value = option.input.value.trim();
      if (value && !option.input.disabled) {
        said[name] = option.input.type === "datetime-local" ? new Date(value).toISOString() : value;
      }
    }
    if (said.window && !said.window.includes(" ")) {
      said.window += ` ${ZONE}`;
    }
    return said;
  }

  function submit() {
    const chosen = file.chosen();
    const isWritten = lines(captions.value).length > 0;
    if (chosen && isWritten) {
      throw new Error("There are captions and a file: take one of them away.");
    }
    if (!chosen && !isWritten) {
      throw new Error("Write at least one caption, or choose a file.");
    }
    return chosen
      ? submitCaptions(chosen, chosen.name, parameters())
      : submitCaptions(new Blob([captions.value]), "captions.txt",
        { ...parameters(), partial_images: PARTIAL_IMAGES }); // somebody is looking
  }

  return [h("h1", {}, "New job"),
    h("p", { class: "lead" }, "What shall be painted?"),
    form];
}

function lines(text) {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}
