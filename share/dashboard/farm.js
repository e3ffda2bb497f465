/* What is known of the farm: the list that lockerd made, and what it can be asked. */

const farm = {
  list: null,     // as it came; these are its parts
  held: [], queue: [], pools: [], offline: [],
  madeAt: 0,      // by the server's clock, in ms
  madeHere: 0,    // the same instant by this page's clock, performance.now()
  rightAt: 0,     // when it was last known to be right, by that clock
  named: new Set(), poolByLock: new Map(), heldByPool: new Map(),
};

const STALE_S = setting("stale");

// Seconds since the list was right: a server that says no more may have let everything go since.
const age = () => Math.max(0, (performance.now() - farm.rightAt) / 1000);
const isStale = () => farm.list !== null && age() > STALE_S;

// Now, by the server's clock; times stand still in a list that is old.
const elapsed = () => farm.list === null || isStale() ? 0 : Math.max(0, (performance.now() - farm.madeHere) / 1000);
const serverNow = () => farm.list === null ? Date.now() : farm.madeAt + elapsed() * 1000;

const grown = seconds => seconds === null ? null : seconds + elapsed();
const heldFor = row => grown(number(row.held_seconds));
const waitsFor = row => grown(number(row.waiting_seconds));

const userOf = row => text(row.user ?? row.login ?? row.owner);
const projectOf = row => text(row.project);

// Single locks are shown together by their names: lic1 to lic8 are lic.
const family = name => text(String(name).replace(/[-_.]?\d{1,9}$/, "") || name);
const poolOf = row => row.pool === undefined ? family(row.name) : text(row.pool);

function wantedPools(row) {
  const found = new Set();
  for (const group of rowsOf(row.wants))
    for (const name of Array.isArray(group.names) ? group.names : [])
      found.add(farm.named.has(name) ? text(name) : farm.poolByLock.get(name) ?? family(name));
  return found;
}

function wantsLock(row, name) {
  return rowsOf(row.wants).some(group => Array.isArray(group.names) && group.names.some(wanted => text(wanted) === name));
}

// A pool that is none of the server's has no total.
function singles() {
  const found = new Map();
  const of = name => {
    if (!found.has(name))
      found.set(name, {name, total: null, held: 0, waiting: 0, oldest_wait_seconds: null, offline: 0, idle: 0});
    return found.get(name);
  };
  const heldNames = new Set(farm.held.map(row => row.name));
  for (const row of farm.offline)
    if (row.pool === undefined) {
      of(family(row.name)).offline++;
      of(family(row.name)).idle += heldNames.has(row.name) ? 0 : 1;
    }
  for (const row of farm.held)
    if (row.pool === undefined)
      of(poolOf(row)).held++;
  for (const row of farm.queue)
    for (const name of row.pools)
      if (!farm.named.has(name)) {
        const pool = of(name);
        pool.waiting++;
        pool.oldest_wait_seconds = Math.max(pool.oldest_wait_seconds ?? 0, number(row.waiting_seconds) ?? 0);
      }
  return [...found.values()];
}

function byName(rows) {
  const keys = new Map(rows.map(row => [row, natural(row.name)]));
  return rows.sort((a, b) => keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : 0);
}

const urgency = pool => (number(pool.waiting) ?? 0) * 1e6 + (number(pool.held) ?? 0);

// A list that was made so many seconds ago, and was right later still; false when it is the one that
// is shown.
function takeList(list, madeAgo, rightAgo) {
  farm.rightAt = performance.now() - rightAgo * 1000;
  if (farm.list !== null && list.time === farm.list.time)
    return false;
  const before = farm.list === null ? null : {held: farm.held, queue: farm.queue};
  farm.list = list;
  farm.madeAt = Date.parse(list.time);
  farm.madeHere = performance.now() - madeAgo * 1000;
  farm.held = byName(rowsOf(list.locks));
  farm.queue = rowsOf(list.waiters);
  farm.offline = rowsOf(list.offline);
  const pools = rowsOf(list.pools);
  farm.named = new Set(pools.map(pool => pool.name));
  farm.poolByLock = new Map();
  farm.heldByPool = new Map();
  for (const row of farm.held) {
    const pool = poolOf(row);
    if (!farm.heldByPool.has(pool))
      farm.heldByPool.set(pool, []);
    farm.heldByPool.get(pool).push(row);
    if (row.pool !== undefined)
      farm.poolByLock.set(row.name, pool);
  }
  for (const row of farm.queue)
    row.pools = wantedPools(row);
  farm.pools = [...pools, ...singles().sort((a, b) => urgency(b) - urgency(a))];
  if (before !== null)
    noteWhatEnded(before);
  return true;
}

/* The search */

const allOf = {
  held: row => [row.name, userOf(row), row.owner, row.host, row.pid, row.job, row.project, poolOf(row)],
  queue: row => [userOf(row), row.owner, row.host, row.pid, row.job, row.project, wants(row), ...row.pools],
  offline: row => [row.name, row.pool, row.reason],
};

// Every word must be in what is known of a row.
function search(rows, kind, words) {
  if (words.length === 0)
    return rows;
  return rows.filter(row => {
    const all = allOf[kind](row).map(text).join("\n").toLowerCase();
    return words.every(word => all.includes(word));
  });
}

const ORDERS = {
  name: null, // as they are anyway
  held: (a, b) => (number(b.held_seconds) ?? 0) - (number(a.held_seconds) ?? 0),
  waiting: (a, b) => (number(b.waiting) ?? 0) - (number(a.waiting) ?? 0),
  user: (a, b) => userOf(a) < userOf(b) ? -1 : userOf(a) > userOf(b) ? 1 : 0,
};

/* Who has how much */

const TALLIES = {
  user: row => [userOf(row)],
  project: row => [projectOf(row)],
  host: row => [text(row.host)],
  pool: row => row.pools ?? [poolOf(row)],
};

function tally(by, held, queue) {
  const found = new Map();
  const of = name => {
    if (!found.has(name))
      found.set(name, {name, held: 0, waiting: 0, held_seconds: null, waiting_seconds: null});
    return found.get(name);
  };
  const add = (rows, what, seconds) => {
    for (const row of rows)
      for (const name of TALLIES[by](row)) {
        const line = of(name);
        line[what]++;
        line[seconds] = Math.max(line[seconds] ?? 0, number(row[seconds]) ?? 0);
      }
  };
  add(held, "held", "held_seconds");
  add(queue, "waiting", "waiting_seconds");
  return [...found.values()].sort((a, b) => b.held - a.held || b.waiting - a.waiting || (a.name < b.name ? -1 : 1));
}
