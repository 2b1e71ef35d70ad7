// Numbers and times as people read them.

const LOCALE = "en-GB";
const numbers = new Intl.NumberFormat(LOCALE);
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(LOCALE, {
  weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
});
const date = new Intl.DateTimeFormat(LOCALE, { weekday: "long", day: "numeric", month: "long" });
const dateOfYear = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full" });
const exact = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "medium" });
const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

export function count(number) {
  return numbers.format(number);
}

export function counted(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** Today by the clock alone, else with the day. */
export function time(when) {
  const today = new Date().toDateString() === when.toDateString();
  return (today ? clock : day).format(when);
}

export function clockTime(when) {
  return clock.format(when);
}

export function exactTime(when) {
  return exact.format(when);
}

/** Like "Today" or "Friday, 27 November". */
export function dayName(when) {
  const now = new Date();
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (when.toDateString() === now.toDateString()) {
    return "Today";
  }
  if (when.toDateString() === yesterday.toDateString()) {
    return "Yesterday";
  }
  return (when.getFullYear() === now.getFullYear() ? date : dateOfYear).format(when);
}

/** When something ends that may end between two times; one time alone if nobody can tell them apart. */
export function between(from, to) {
  const [earliest, latest] = [time(from), time(to)];
  return earliest === latest ? `about ${earliest}` : `between ${earliest} and ${latest}`;
}

/** Like "2 h 10 min"; coarser the longer it is. */
export function duration(seconds) {
  if (seconds < 1) {
    return "under a second";
  }
  if (seconds < 90) {
    return `${Math.round(seconds)} s`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) {
    return `${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 36) {
    return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  }
  return `${Math.round(hours / 24)} days`;
}

/** A rate in the unit that gives a number people can picture. */
export function rate(perSecond) {
  if (perSecond === 0) {
    return "0 a minute";
  }
  if (perSecond >= 1) {
    return `${perSecond.toFixed(1)} a second`;
  }
  return perSecond * 60 >= 1
    ? `${(perSecond * 60).toFixed(1)} a minute`
    : `${(perSecond * 3600).toFixed(1)} an hour`;
}

export function size(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : count(Math.round(value))} ${UNITS[power]}`;
}

export function words(code) {
  return code.replaceAll("_", " ");
}
