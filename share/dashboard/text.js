"use strict";
/* Values as text for people. */

const setting = name => Number(document.querySelector(`meta[name=farm-${name}]`).content);

// What cannot be seen, or turns the direction of the text around it, is shown as its number.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]/gu;

function code(sign) {
  const digits = sign.codePointAt(0).toString(16);
  return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, "0")}`;
}

const text = value => value === null || value === undefined ? "" : String(value).replace(HIDDEN, code);
const number = value => typeof value === "number" && isFinite(value) && value >= 0 ? value : null;
const rowsOf = value => Array.isArray(value) ? value.filter(row => row && typeof row === "object") : [];
const counted = n => n.toLocaleString("en");
const count = (n, one, many) => `${counted(n)} ${n === 1 ? one : many}`;

function duration(seconds) {
  if (seconds === null)
    return "";
  const s = Math.floor(seconds), m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
  if (d > 0)
    return `${d} d ${h % 24} h`;
  if (h > 0)
    return `${h} h ${m % 60} min`;
  if (m >= 10)
    return `${m} min`;
  return m > 0 ? `${m} min ${s % 60} s` : `${s} s`;
}

const CLOCK = {hour: "2-digit", minute: "2-digit", hourCycle: "h23"};
const clock = (ms, more) => new Date(ms).toLocaleString("en-GB", {...CLOCK, ...more});

// Today's times by the clock, others with their day.
function when(ms) {
  const time = new Date(ms), isToday = time.toDateString() === new Date().toDateString();
  return clock(ms, isToday ? {second: "2-digit"} : {weekday: "short", day: "numeric", month: "short"});
}

// vcs2 comes before vcs10: a key to sort names by.
const natural = name => String(name).replace(/\d{1,15}/g, digits => digits.padStart(15, "0"));

/* Sets of names: vcs1 vcs2 vcs3 vcs12 is vcs[1-3,12]. */

const NUMBERED = /^(.*?)(\d{1,9})(\D*)$/s;

function ranges(digits) {
  const all = [...new Set(digits)].sort((a, b) => a - b), parts = [];
  for (let first = 0, i = 0; i < all.length; i++) {
    if (Number(all[i + 1]) === Number(all[i]) + 1)
      continue;
    parts.push(first === i ? all[i] : `${all[first]}-${all[i]}`);
    first = i + 1;
  }
  return parts.join(",");
}

function fold(names) {
  const families = new Map();
  for (const name of names) {
    const [, before, digits, behind] = NUMBERED.exec(name) ?? [null, name, "", ""];
    // 01 and 1 are two names.
    const key = JSON.stringify([before, behind, digits.startsWith("0") ? digits.length : 0, digits === ""]);
    const family = families.get(key) ?? {before, behind, digits: []};
    family.digits.push(digits);
    families.set(key, family);
  }
  return [...families.values()].map(({before, behind, digits}) => before +
    (digits.length > 1 && digits[0] !== "" ? `[${ranges(digits)}]` : digits[0]) + behind).join(" ");
}

const wants = row => rowsOf(row.wants).map(group =>
  (group.count > 1 ? `${text(group.count)} of ` : "") + fold((Array.isArray(group.names) ? group.names : []).map(text)) +
  (group.shared === true ? " (shared)" : "")).join(" and ");

/* Elements */

function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className)
    made.className = className;
  made.append(...content);
  return made;
}

// A link to what the page knows of something: link({user: "anna"}, "anna").
function link(one, content) {
  const made = element("a", "", element("bdi", "", content));
  made.href = address(one);
  return made;
}
