/* What is known of one lock, user, pool, job, host, project or request. */

const LINES_FIRST = 30;

// Which rows of held, of the queue and of the past are about it.
const KINDS = {
  lock: {title: "Lock", held: name => row => text(row.name) === name, queue: name => row => wantsLock(row, name) ||
    farm.named.has(farm.poolByLock.get(name)) && row.pools.has(farm.poolByLock.get(name)),
    past: name => row => text(row.lock) === name},
  pool: {title: "Pool", held: name => row => poolOf(row) === name, queue: name => row => row.pools.has(name),
    past: name => row => row.pool === undefined ? family(row.lock) === name : text(row.pool) === name},
  user: {title: "User", held: name => row => userOf(row) === name},
  owner: {title: "Owner", held: name => row => text(row.owner) === name},
  job: {title: "Job", held: name => row => text(row.job) === name},
  host: {title: "Host", held: name => row => text(row.host) === name},
  project: {title: "Project", held: name => row => projectOf(row) === name},
};

const matchers = (kind, name) => {
  const {held, queue = held, past: ended = held} = KINDS[kind];
  return {held: held(name), queue: queue(name), past: ended(name)};
};

function facts(pairs) {
  const made = element("dl", "facts");
  for (const [label, value] of pairs)
    if (value !== "" && value !== null && value !== undefined)
      made.append(element("dt", "", label), element("dd", "", value));
  return made;
}

const PROOFS = {socket: "proven by the kernel", munge: "proven by MUNGE", claimed: "claimed, not proven"};
const since = value => instant(value) ? when(instant(value)) : "";
const limit = row => number(row.hold_limit_seconds) ? duration(row.hold_limit_seconds) : "";

function silence(row) {
  if (row.connected === true)
    return "yes";
  return row.connected === false ? `no${number(row.silent_seconds) ? `, nothing heard for ${duration(grown(row.silent_seconds))}` : ""}` : "";
}

function person(row) {
  return [
    ["User", row.user || row.login ? link({user: userOf(row)}, userOf(row)) : ""],
    ["Known", text(PROOFS[row.proof] ?? "")],
    ["Owner", link({owner: text(row.owner)}, text(row.owner))],
    ["Host", row.host ? link({host: text(row.host)}, text(row.host)) : ""],
    ["Process", text(row.pid)],
    ["Job", row.job ? link({job: text(row.job)}, text(row.job)) : ""],
    ["Project", row.project ? link({project: text(row.project)}, text(row.project)) : ""],
  ];
}

const until = row => since(row.until) || "it is put back";

function offlineFacts(row) {
  return facts([["Out of use", element("strong", "", `until ${until(row)}`)], ["Why", text(row.reason)],
    ["Pool", row.pool === undefined ? "" : link({pool: text(row.pool)}, text(row.pool))]]);
}

function lockFacts(row) {
  return facts([
    ["Held for", duration(heldFor(row))], ["Since", since(row.held_since)], ["At most", limit(row)],
    ...person(row), ["Pool", link({pool: poolOf(row)}, poolOf(row))], ["Connected", silence(row)],
    ["Kept", row.kept === true ? (row.kept_until ? `until ${since(row.kept_until)}` : "until its host has booted") : ""],
    ["Shared", row.shared === true ? "with other readers" : ""],
  ]);
}

const REASONS = {
  seats: "no seat is free", limit: "a limit is reached", share: "it is the turn of others", reserve: "seats are kept for others",
  outside: "seats are in use elsewhere", collecting: "it collects what it needs", aside: "it was set aside", away: "its connection is lost",
  offline: "what it wants is out of use",
};

function requestFacts(row) {
  return facts([
    ["Waits for", duration(waitsFor(row))], ["Since", since(row.waiting_since)], ["Wants", wants(row)],
    ["Place", place(row)], ["Why", Object.hasOwn(REASONS, row.reason) ? REASONS[row.reason] : text(row.reason)], ...person(row),
    ["Priority", text(row.priority)],
  ]);
}

function poolDetails(pool) {
  const lines = facts([
    ["Seats", sizeOf(pool)], ["Now", seatWords(pool)], ["Waiting", number(pool.waiting) ? counted(pool.waiting) : ""],
    ["Oldest wait", duration(grown(number(pool.oldest_wait_seconds)))],
    ["Elsewhere", number(pool.outside_most) ? `${text(pool.outside)}, at most ${text(pool.outside_most)}` : ""],
    ["Has most", pool.most ? link({user: text(pool.most.user)}, `${text(pool.most.user)} (${text(pool.most.held)})`) : ""],
  ]);
  const shares = rowsOf(pool.classes).map(one => [text(one.name) || "–", text(one.weight), text(one.use), text(one.waiting)]);
  return [picture(pool, 400), lines, shares.length ? lineTable("Shares", ["Whose", "Weight", "Use", "Waiting"], shares) : ""];
}

/* Tables of a few lines */

function lineTable(title, heads, lines, all = lines.length) {
  const made = element("table"), top = element("tr");
  made.append(element("caption", "", all === lines.length ? title : `${title}: ${counted(lines.length)} of ${counted(all)}`),
    element("thead", "", top), element("tbody", "", ...lines.map(line =>
      element("tr", "", ...line.map(cell => element("td", "", cell))))));
  for (const head of heads) {
    const cell = element("th", "", head);
    cell.scope = "col";
    top.append(cell);
  }
  return made;
}

const who = row => link({user: userOf(row)}, userOf(row));
const lockLink = row => link({lock: text(row.name)}, text(row.name));

// Whose they are is said above, of a user's.
function heldTable(rows, kind) {
  const isWhose = kind !== "user" && kind !== "owner", other = row => isWhose ? who(row) : text(row.job ?? row.host);
  return lineTable("Holds", ["Lock", isWhose ? "Who" : "Job", "For"], rows.slice(0, LINES_FIRST).map(row =>
    [lockLink(row), other(row), duration(heldFor(row))]), rows.length);
}

function queueTable(rows) {
  return lineTable("Waits", ["Place", "Who", "Wants", "For"], rows.slice(0, LINES_FIRST).map(row =>
    [link({owner: text(row.owner)}, place(row) || "–"), who(row), wants(row), duration(waitsFor(row))]), rows.length);
}

const ENDS = {unlock: "given back"};

function pastLine(row, kind) {
  const isHold = row.kind === "hold", from = isHold ? row.granted_ms : row.asked_ms;
  const end = ENDS[row.reason] ?? text(row.reason), ended = when(row.ended_ms);
  return [ended, ...kind === "lock" ? [] : [isHold ? link({lock: text(row.lock)}, text(row.lock)) : text(row.lock)], who(row),
    isHold ? duration((row.ended_ms - from) / 1000) : `waited ${duration((row.ended_ms - from) / 1000)}`,
    row.by ? element("span", "", `${end} by `, element("bdi", "", text(row.by))) : end];
}

function pastTable(isMeant, kind) {
  const rows = [...past.rows.values()].filter(isMeant).sort((a, b) => b.ended_ms - a.ended_ms);
  return rows.length === 0 ? element("p", "faint", "Nothing of it has ended that is known here.") :
    lineTable("History", ["Ended", ...kind === "lock" ? [] : ["Lock"], "Who", "For", "How"],
      rows.slice(0, LINES_FIRST).map(row => pastLine(row, kind)), rows.length);
}

function detailsOf(kind, name, span) {
  const is = matchers(kind, name), held = farm.held.filter(is.held), queue = farm.queue.filter(is.queue);
  const pool = kind === "pool" ? farm.pools.find(one => text(one.name) === name) : undefined;
  const parts = pool ? poolDetails(pool) : [];
  if (kind === "lock")
    parts.push(...farm.offline.filter(row => text(row.name) === name).map(offlineFacts), ...held.map(lockFacts), held.length === 0 ? element("p", "empty", "Nobody holds it.") : "");
  else if (kind === "owner" && queue.length > 0)
    parts.push(...queue.map(requestFacts));
  else if (held.length + queue.length === 0)
    parts.push(element("p", "empty", "Holds nothing and waits for nothing now."));
  parts.push(plot(series(span, is), span, pool?.total));
  if (kind !== "lock" && held.length > 0)
    parts.push(heldTable(held, kind));
  if (queue.length > 0 && kind !== "owner")
    parts.push(queueTable(queue));
  parts.push(pastTable(is.past, kind));
  return parts;
}
