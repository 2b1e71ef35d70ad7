// A file of captions, chosen or dropped, and what the server reads in it before a job is made of it.

import { checkCaptions } from "./api.js";
import { h, say } from "./dom.js";
import { count, counted } from "./format.js";

const ACCEPTED = ".txt,.csv,.tsv,.json,.jsonl,.ndjson,.gz";
const FORMATS = { csv: "CSV", json: "JSON", json_lines: "JSON lines", text: "text" };
const SHOWN_PROBLEMS = 10;

/**
 * @param form files may be dropped on all of it; what changes in it is checked anew
 * @param parameters returns what the form says of every caption
 */
export function captionFile(form, parameters) {
  const input = h("input", { id: "file", type: "file", accept: ACCEPTED, "aria-describedby": "file-hint" });
  const told = h("p", { class: "small", role: "status" });
  const problems = h("p", { class: "problem", role: "alert", hidden: true });
  const rows = h("tbody");
  const table = h("table", { class: "preview", hidden: true },
    h("thead", {}, h("tr", {}, ["Line", "Caption", "Candidates", "Pictures", "Format"].map(
      (heading) => h("th", { scope: "col" }, heading)))),
    rows);
  let checks = 0; // answers to earlier ones come too late

  async function check() {
    const own = ++checks;
    const [file] = input.files;
    problems.hidden = true;
    if (!file) {
      table.hidden = true;
      say(told, "");
      return;
    }
    say(told, `Reading ${file.name} …`);
    try {
      const found = await checkCaptions(file, file.name, parameters());
      if (own === checks) {
        show(file, found);
      }
    } catch (error) {
      if (own === checks) {
        show(file, { format: null, rows: [], errors: [{ message: error.message }] });
      }
    }
  }

  function show(file, found) {
    say(told, summary(file, found));
    rows.replaceChildren(...found.rows.map((row) => h("tr", {},
      [count(row.line), row.prompt, count(row.candidates), count(row.top), row.output_format].map(
        (cell) => h("td", {}, cell)))));
    table.hidden = found.rows.length === 0;
    problems.hidden = found.errors.length === 0;
    say(problems, problemText(found.errors));
  }

  input.addEventListener("change", check);
  form.addEventListener("change", (event) => {
    if (event.target !== input && input.files.length > 0) {
      check();
    }
  });
  form.addEventListener("dragover", (event) => {
    event.preventDefault(); // or the browser opens the file
    form.classList.add("drop");
  });
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) {
      form.classList.remove("drop");
    }
  });
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("drop");
    if (event.dataTransfer.files.length > 0) {
      input.files = event.dataTransfer.files;
      check();
    }
  });
  return { chosen: () => input.files[0],
    element: h("div", { class: "field" },
      h("label", { for: "file" }, "Or a file, also by dropping it here"), input,
      h("p", { class: "small", id: "file-hint" },
        "Text, a caption a line; CSV with a header, its columns named as the options; JSON or JSON lines. ",
        "What a line does not say, this form says."),
      told, problems, table) };
}

function summary(file, found) {
  if (found.format === null) {
    return `${file.name} cannot be read.`;
  }
  const unused = found.unused_columns.length === 0 ? ""
    : ` Not used, as they are no options: ${found.unused_columns.join(", ")}.`;
  const shown = found.rows.length < found.captions ? ` The first ${count(found.rows.length)}:` : "";
  return `${file.name} is ${FORMATS[found.format]}: ${counted(found.captions, "caption", "captions")}, `
    + `${counted(found.candidates, "candidate", "candidates")}.${unused}${shown}`;
}

function problemText(errors) {
  const lines = errors.slice(0, SHOWN_PROBLEMS).map(
    (problem) => (problem.line ? `Line ${problem.line}: ` : "") + problem.message);
  const more = errors.length - lines.length;
  return (more > 0 ? [...lines, `and ${count(more)} more`] : lines).join("\n");
}
