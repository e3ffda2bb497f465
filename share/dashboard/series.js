/* What is past, and how much was held and waited for at each time of a day or a week. */

const past = {
  rows: new Map(),    // of holds, and of waits that came to nothing
  since: Date.now(),  // from here on nothing is missing
  until: 0,           // as far as the server has told, in ms
  hasServer: false,   // whether it tells at all
};

const PAST_MOST = 40000;

const instant = value => typeof value === "string" ? Date.parse(value) || 0 : 0;
const keyOf = row => row.kind === "hold" ? `${row.lock} ${row.owner} ${row.granted_ms}` : `${row.owner} ${row.asked_ms}`;

function keepPast(row) {
  past.rows.set(keyOf(row), row);
}

// Rows as lockreport --holds --json has them; false when there are more of that time.
function takePast(document) {
  const rows = rowsOf(document.rows);
  for (const row of rows)
    keepPast({
      kind: row.kind, reason: row.reason, lock: row.lock, pool: row.pool ?? undefined,
      project: row.project, owner: row.owner, user: row.user ?? row.login ?? nameIn(row), host: row.host,
      pid: row.pid, job: row.job, by: row.by,
      asked_ms: instant(row.asked), granted_ms: instant(row.granted), ended_ms: instant(row.ended),
    });
  past.hasServer = true;
  // The oldest come first: where others are missing it knows of no time for certain.
  const isAll = !number(document.next);
  if (isAll) {
    past.until = Math.max(past.until, instant(document.until) || serverNow());
    past.since = Math.min(past.since, instant(document.since) || past.since);
  }
  forgetOld();
  return isAll;
}

// An owner is HOST_PID_USER by default.
function nameIn(row) {
  const before = `${row.host}_${row.pid}_`;
  return String(row.owner).startsWith(before) ? String(row.owner).slice(before.length) : undefined;
}

function forgetOld() {
  const first = serverNow() - SPANS.week.ms;
  for (const [key, row] of past.rows)
    if (row.ended_ms < first)
      past.rows.delete(key);
  if (past.rows.size <= PAST_MOST)
    return;
  const kept = [...past.rows].sort(([, a], [, b]) => b.ended_ms - a.ended_ms).slice(0, PAST_MOST);
  past.rows = new Map(kept);
  past.since = Math.max(past.since, kept.at(-1)[1].ended_ms);
}

// What stands in one list and no more in the next has ended between; a history says it better.
function noteWhatEnded(before) {
  const key = row => `${row.held_since} ${row.name} ${row.owner}`;
  const held = new Set(farm.held.map(key));
  for (const row of before.held)
    if (!held.has(key(row)))
      keepPast({...row, kind: "hold", reason: null, lock: row.name, asked_ms: instant(row.held_since),
        granted_ms: instant(row.held_since), ended_ms: farm.madeAt});
  const waiting = new Set(farm.queue.map(row => `${row.owner} ${row.waiting_since}`));
  const granted = new Set(farm.held.map(row => row.owner));
  for (const row of before.queue)
    if (!waiting.has(`${row.owner} ${row.waiting_since}`))
      keepPast({...row, kind: "left", reason: granted.has(row.owner) ? "granted" : null, lock: wants(row),
        asked_ms: instant(row.waiting_since), granted_ms: 0, ended_ms: farm.madeAt});
}

/* Over time */

const SPANS = {day: {ms: 86400e3, parts: 288}, week: {ms: 7 * 86400e3, parts: 336}};

// Adds up how long each part of a span was covered.
class Cover {
  constructor(from, until, parts) {
    [this.from, this.part] = [from, (until - from) / parts];
    [this.sums, this.rise] = [new Float64Array(parts + 1), new Float64Array(parts + 2)];
    this.parts = parts;
  }

  add(begin, end) {
    const a = Math.max(0, (begin - this.from) / this.part), b = Math.min(this.parts, (end - this.from) / this.part);
    if (!(b > a))
      return;
    const first = Math.floor(a), last = Math.floor(b);
    if (first === last) {
      this.sums[first] += b - a;
      return;
    }
    this.sums[first] += first + 1 - a;
    this.sums[last] += b - last;
    this.rise[first + 1]++;
    this.rise[last]--;
  }

  means() {
    let level = 0;
    return Array.from({length: this.parts}, (_, i) => {
      level += this.rise[i];
      return level + this.sums[i];
    });
  }
}

// Of everything; see details.js for parts of it.
const ALL = {held: () => true, queue: () => true, past: () => true};

// Means of what was held and of who waited, for the rows that `is` takes.
function series(span, is) {
  const {ms, parts} = SPANS[span], until = serverNow(), from = until - ms;
  const held = new Cover(from, until, parts), waiting = new Cover(from, until, parts);
  const waits = new Set();
  for (const row of past.rows.values()) {
    if (!is.past(row))
      continue;
    if (row.kind === "hold")
      held.add(row.granted_ms, row.ended_ms);
    const begun = row.granted_ms || row.ended_ms, key = `${row.owner} ${row.asked_ms}`;
    if (begun <= row.asked_ms || row.kind === "refused" || waits.has(key))
      continue;
    // A request for several locks waits once.
    waits.add(key);
    waiting.add(row.asked_ms, begun);
  }
  for (const row of farm.held)
    if (is.held(row))
      held.add(instant(row.held_since) || until, until);
  for (const row of farm.queue)
    if (is.queue(row))
      waiting.add(instant(row.waiting_since) || until, until);
  const known = Math.min(parts, Math.max(0, Math.ceil((past.since - from) / held.part)));
  return {from, until, part: held.part, known, held: held.means(), waiting: waiting.means()};
}
