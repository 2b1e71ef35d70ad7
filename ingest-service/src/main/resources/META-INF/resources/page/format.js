// Numbers and times as people read them.

const LOCALE = "en-GB";
const numbers = new Intl.NumberFormat(LOCALE);
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(LOCALE, {
  weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
});
const exact = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "medium" });

export function count(number) {
  return numbers.format(number);
}

export function counted(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** Today by the clock alone, else with the day. */
export function time(date) {
  const today = new Date().toDateString() === date.toDateString();
  return (today ? clock : day).format(date);
}

export function exactTime(date) {
  return exact.format(date);
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

export function words(code) {
  return code.replaceAll("_", " ");
}
