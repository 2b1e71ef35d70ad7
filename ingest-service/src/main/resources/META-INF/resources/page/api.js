// The API: requests, its errors in its own words, and the stream of changes. Addresses are relative to the page's
// own, so that it works below any path of a proxy.

const FIRST_RETRY_SECONDS = 1;
const LONGEST_RETRY_SECONDS = 30;
const UNAUTHORIZED = 401;
const SILENCE_SECONDS = 60; // lag is measured every few seconds, so longer means a dead connection

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Hears "key-needed" when an answer says that this page must show a key first. */
export const access = new EventTarget();

/** Seeds may have 64 bits, more than a number holds here: they stay text. */
function parse(text) {
  return JSON.parse(text.replace(/"seed":(-?\d+)/g, '"seed":"$1"'));
}

async function answer(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError("The server does not answer. Is it running? Start it with ./nocturne up.", 0);
  }
  if (!response.ok) {
    if (response.status === UNAUTHORIZED) {
      access.dispatchEvent(new Event("key-needed"));
    }
    throw new ApiError(reason(await response.text(), response), response.status);
  }
  return response;
}

async function send(path, options) {
  return parse(await (await answer(path, options)).text());
}

function reason(text, response) {
  try {
    const body = JSON.parse(text);
    const problems = (body.errors ?? []).map(
      (problem) => (problem.line ? `Line ${problem.line}: ` : "") + problem.message);
    return problems.length > 0 ? problems.slice(0, 10).join("\n") : body.error.message;
  } catch {
    return `The server answered ${response.status} ${response.statusText}`.trim() + ".";
  }
}

export function get(path, parameters = {}) {
  const query = new URLSearchParams(
    Object.entries(parameters).filter(([, value]) => value !== null && value !== ""));
  return send(query.size > 0 ? `${path}?${query}` : path, {});
}

/** Ends when the whole picture is here, which may be minutes if it must be rendered first. */
export async function fetchPicture(path) {
  await (await answer(path, {})).blob();
}

export function post(path, body) {
  return send(path, {
    method: "POST",
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

/** Changes the key for a cookie, which scripts cannot read: nothing here keeps the key. */
export function signIn(key) {
  return answer("v1/session", { method: "POST", headers: { Authorization: `Bearer ${key}` } });
}

export function signOut() {
  return answer("v1/session", { method: "DELETE" });
}

/** Makes a job of a file of captions; the parameters are for what its lines do not say. */
export function submitCaptions(file, name, parameters) {
  return send("v1/jobs", { method: "POST", body: captionForm(file, name, parameters) });
}

/** What submitCaptions would make of the file. */
export function checkCaptions(file, name, parameters) {
  return send("v1/captions/check", { method: "POST", body: captionForm(file, name, parameters) });
}

function captionForm(file, name, parameters) {
  const form = new FormData();
  Object.entries(parameters).forEach(([parameter, value]) => form.append(parameter, value));
  form.append("file", file, name);
  return form;
}

/**
 * Follows v1/events for ever, while the page is seen: a browser has six connections to a host, and hidden
 * tabs leave them to others.
 *
 * @param listener gets each event's name and data
 * @param connection gets "connecting", "live", or "waiting" with the seconds until the next try
 * @returns a function that tries now
 */
export function follow(listener, connection) {
  let source;
  let retrySeconds = FIRST_RETRY_SECONDS;
  let timer;
  let watchdog;

  function alive() {
    clearTimeout(watchdog);
    watchdog = setTimeout(lost, SILENCE_SECONDS * 1000);
  }

  function lost() {
    source.close();
    clearTimeout(watchdog);
    get("v1/session").catch(() => {}); // a stream does not tell why it was refused
    connection("waiting", retrySeconds);
    timer = setTimeout(open, retrySeconds * 1000);
    retrySeconds = Math.min(retrySeconds * 2, LONGEST_RETRY_SECONDS);
  }

  function open() {
    clearTimeout(timer);
    source?.close();
    connection("connecting");
    source = new EventSource("v1/events");
    source.onerror = lost;
    for (const name of ["snapshot", "jobs", "partial-images", "deleted", "work", "lag", "lag-unknown",
      "unavailable"]) {
      source.addEventListener(name, (event) => {
        alive();
        retrySeconds = FIRST_RETRY_SECONDS;
        connection("live");
        listener(name, parse(event.data));
      });
    }
    alive();
  }

  function pause() {
    clearTimeout(timer);
    clearTimeout(watchdog);
    source?.close();
  }

  function openIfSeen() {
    document.hidden ? pause() : open();
  }

  document.addEventListener("visibilitychange", openIfSeen);
  openIfSeen();
  return open;
}
