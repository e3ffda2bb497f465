/* What is shown, and how one gets about in it. */

const at = id => document.getElementById(id);

/* The address: #q=WORDS&sort=ORDER&by=user&span=day&theme=dark, and one of lock, user, pool ... */

const view = {q: "", sort: "name", by: "user", span: "day", theme: "", kind: "", name: ""};
const CHOICES = {sort: ORDERS, by: TALLIES, span: SPANS};

function readHash() {
  const given = new URLSearchParams(location.hash.slice(1));
  view.q = given.get("q") ?? "";
  for (const [key, choices] of Object.entries(CHOICES)) {
    view[key] = Object.hasOwn(choices, given.get(key)) ? given.get(key) : Object.keys(choices)[0];
    at(key).value = view[key];
  }
  view.kind = Object.keys(KINDS).find(kind => given.has(kind)) ?? "";
  view.name = given.get(view.kind) ?? "";
  if (at("filter").value !== view.q)
    at("filter").value = view.q;
  view.theme = given.get("theme") ?? "";
  if (view.theme)
    setTheme(view.theme);
}

// What is shown, with one of a kind in detail; no more than has to be said.
function address(one = view.kind ? {[view.kind]: view.name} : {}) {
  const all = Object.entries({q: view.q, sort: view.sort, by: view.by, span: view.span, theme: view.theme})
    .filter(([key, value]) => value !== "" && value !== Object.keys(CHOICES[key] ?? {})[0]).concat(Object.entries(one));
  return `#${all.map(pair => pair.map(encodeURIComponent).join("=")).join("&")}`;
}

function choose(changes) {
  Object.assign(view, changes);
  history.replaceState(null, "", address());
  readHash();
  draw();
}

/* Columns */

const place = row => number(row.position) === null ? "" : number(row.of) > 1 ? `${row.position} of ${row.of}` : text(row.position);

const heldGrid = new Grid(at("held"), {
  label: "held-title", nothing: "", open: row => ({lock: text(row.name)}),
  columns: [
    {name: "lock", title: "Lock", text: row => text(row.name), link: row => ({lock: text(row.name)})},
    {name: "who", title: "Held by", text: userOf, link: row => ({user: userOf(row)})},
    {name: "for", title: "For", text: row => duration(heldFor(row)), ticks: true},
    {name: "waiting", title: "Waiting", text: row => row.waiting ? text(row.waiting) : ""},
    {name: "job", title: "Job", text: row => text(row.job)},
    {name: "host", title: "Host", text: row => text(row.host)},
    {name: "pid", title: "Process", text: row => text(row.pid)},
    {name: "limit", title: "At most", text: limit},
  ],
  decorate: (line, row) => line.classList.toggle("wanted", row.waiting > 0),
});

const queueGrid = new Grid(at("queue"), {
  label: "queue-title", nothing: "", open: row => ({owner: text(row.owner)}),
  columns: [
    {name: "place", title: "Place", text: row => text(row.position)},
    {name: "who", title: "Who", text: userOf, link: row => ({user: userOf(row)})},
    {name: "wants", title: "Wants", text: wants},
    {name: "for", title: "For", text: row => duration(waitsFor(row)), ticks: true},
    {name: "job", title: "Job", text: row => text(row.job)},
    {name: "host", title: "Host", text: row => text(row.host)},
    {name: "pid", title: "Process", text: row => text(row.pid)},
  ],
});

const offlineGrid = new Grid(at("offline"), {
  label: "offline-title", nothing: "Nothing that is out of use matches the search.", open: row => ({lock: text(row.name)}),
  columns: [
    {name: "lock", title: "Lock", text: row => text(row.name), link: row => ({lock: text(row.name)})},
    {name: "until", title: "Until", text: until},
    {name: "reason", title: "Why", text: row => text(row.reason)},
  ],
});

const tallyGrid = new Grid(at("tally"), {
  label: "tally-title", nothing: "Nobody holds anything or waits.", open: line => ({[view.by]: line.name}),
  columns: [
    {name: "name", title: "Name", text: line => line.name || "–", link: line => ({[view.by]: line.name})},
    {name: "held", title: "Held", text: line => line.held ? counted(line.held) : ""},
    {name: "waiting", title: "Waiting", text: line => line.waiting ? counted(line.waiting) : ""},
    {name: "for", title: "Longest held", text: line => duration(grown(line.held_seconds)), ticks: true},
    {name: "waits", title: "Longest wait", text: line => duration(grown(line.waiting_seconds)), ticks: true},
  ],
  decorate: (line, row) => line.style.setProperty("--part", `${100 * row.held / Math.max(1, tallyGrid.rows[0].held)}%`),
});

/* Drawing */

const longest = (rows, key) => rows.reduce((most, row) => Math.max(most, number(row[key]) ?? 0), 0);

function drawFigures() {
  at("held-count").textContent = counted(farm.held.length);
  at("waiting-count").textContent = counted(farm.queue.length);
  at("longest-held").textContent = farm.held.length ? duration(grown(longest(farm.held, "held_seconds"))) : "–";
  at("longest-wait").textContent = farm.queue.length ? duration(grown(longest(farm.queue, "waiting_seconds"))) : "–";
  at("figures").classList.toggle("waits", farm.queue.length > 0);
}

const headline = (name, some, all) => some === all ? `${name}: ${counted(all)}` : `${name}: ${counted(some)} of ${counted(all)}`;

function drawLists(held, queue) {
  at("held-title").textContent = headline("Held", held.length, farm.held.length);
  at("queue-title").textContent = headline("Queue", queue.length, farm.queue.length);
  heldGrid.nothing.textContent = farm.held.length ? "No held lock matches the search." : "Nothing is held.";
  queueGrid.nothing.textContent = farm.queue.length ? "No request matches the search." : "Nobody waits.";
  queueGrid.take(queue);
  heldGrid.take(ORDERS[view.sort] ? [...held].sort(ORDERS[view.sort]) : held);
  tallyGrid.take(tally(view.by, held, queue));
}

function drawOffline(rows) {
  at("offline-part").hidden = farm.offline.length === 0;
  at("offline-title").textContent = headline("Out of use", rows.length, farm.offline.length);
  offlineGrid.take(rows);
}

function draw() {
  if (farm.list === null)
    return;
  document.querySelector("main").hidden = false;
  const words = view.q.toLowerCase().split(/\s+/).filter(word => word);
  const held = search(farm.held, "held", words), queue = search(farm.queue, "queue", words);
  const pools = words.length ? farm.pools.filter(pool => words.every(word => text(pool.name).toLowerCase().includes(word)) ||
    held.some(row => poolOf(row) === text(pool.name))) : farm.pools;
  drawFigures();
  at("pool-part").hidden = farm.pools.length === 0;
  drawPools(at("pools"), pools);
  drawLegend(at("legend"), pools);
  drawLists(held, queue);
  drawOffline(search(farm.offline, "offline", words));
  const total = farm.pools.every(pool => number(pool.total) !== null) ? farm.pools.reduce((sum, pool) => sum + pool.total, 0) : 0;
  putPlot(at("use"), [plot(series(view.span, ALL), view.span, total)]);
  drawDetails();
  const server = farm.list.server ?? {};
  at("server").textContent = server.version ? `lockerd ${text(server.version)}` +
    (instant(server.started) ? `, up ${duration((serverNow() - instant(server.started)) / 1000)}` : "") : "";
  drawState();
}

let opener = null;

function drawDetails() {
  const panel = at("details"), title = view.kind ? `${KINDS[view.kind].title} ${text(view.name)}` : "";
  const isNew = title !== at("details-title").textContent;
  if (!view.kind || farm.list === null) {
    if (!panel.hidden)
      opener?.focus({preventScroll: true});
    panel.hidden = true;
    at("details-title").textContent = "";
    at("details-body").replaceChildren();
    return;
  }
  if (panel.hidden)
    opener = document.activeElement;
  const focused = at("details-body").contains(document.activeElement) ? document.activeElement.href : null;
  at("details-title").textContent = title;
  panel.hidden = false;
  putPlot(at("details-body"), detailsOf(view.kind, view.name, view.span));
  if (isNew) {
    panel.scrollTop = 0;
    at("details-title").focus({preventScroll: true});
  } else if (focused) {
    [...panel.querySelectorAll("a")].find(one => one.href === focused)?.focus({preventScroll: true});
  }
}

/* How far it can be trusted */

function trouble() {
  const {failure, lostAt} = connection, why = failure ? `: ${failure}` : "";
  if (farm.list === null)
    return failure ? `There is nothing to show yet${why}. lockerd --http serves this page with all that it needs; lockfeed writes locks.json beside it.` : "";
  if (lostAt)
    return `The connection is lost since ${clock(lostAt, {second: "2-digit"})}${why}. What is shown is from then; it is tried again all the time.`;
  if (isStale())
    return `This is how it was at ${when(farm.madeAt)}, and may be wrong by now: lockerd does not answer, or lockfeed does not run.`;
  return "";
}

function put(place, content) {
  if (place.textContent !== content)
    place.textContent = content;
}

function drawState() {
  const isLost = connection.lostAt !== 0 || farm.list === null && connection.failure !== "", isOld = isStale() || isLost;
  const words = trouble();
  document.body.classList.toggle("stale", isOld && farm.list !== null);
  document.body.dataset.state = isLost ? "lost" : isOld ? "old" : farm.list === null ? "asks" : connection.isLive ? "live" : "looks";
  put(at("said"), isLost ? "connection lost" : isOld ? "old" : farm.list === null ? "" : connection.isLive ? "live" : "connected");
  put(at("age"), farm.list === null || connection.isLive ? "" : connection.lostAt ?
    `for ${duration((Date.now() - connection.lostAt) / 1000)}` : `${duration(age())} old`);
  put(at("trouble"), words);
  at("trouble").hidden = words === "";
  put(document.querySelector("title"), farm.list === null ? "Seats" : isOld ? "OLD: Seats" :
    `Seats: ${counted(farm.held.length)} held, ${counted(farm.queue.length)} waiting`);
}

function tick() {
  drawState();
  if (farm.list === null || document.hidden)
    return;
  for (const grid of [heldGrid, queueGrid, tallyGrid])
    grid.tick();
  drawFigures();
}

/* Colors */

const THEMES = {auto: "as the system has them", light: "light", dark: "dark"};

function setTheme(name) {
  const theme = Object.hasOwn(THEMES, name) ? name : "auto";
  document.documentElement.dataset.theme = theme;
  at("theme").setAttribute("aria-label", `Colors: ${THEMES[theme]}`);
  at("theme").title = `Colors: ${THEMES[theme]}`;
  try {
    localStorage.setItem("farmlock-theme", theme);
  } catch {
    // A browser that keeps nothing asks the system again.
  }
}

function keptTheme() {
  try {
    return localStorage.getItem("farmlock-theme");
  } catch {
    return "auto";
  }
}

/* Keys */

function escape() {
  if (view.kind)
    location.hash = address({});
  else if (view.q)
    choose({q: ""});
  else
    document.activeElement.blur();
}

document.onkeydown = event => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing)
    return;
  const isTyping = event.target.matches("input, select");
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    at("filter").focus();
    at("filter").select();
  } else if (event.key === "Escape") {
    event.preventDefault();
    escape();
  } else if (event.key === "ArrowDown" && event.target === at("filter")) {
    event.preventDefault();
    (queueGrid.rows.length ? queueGrid : heldGrid).root.focus();
  }
};

at("filter").oninput = () => choose({q: at("filter").value});
for (const key of Object.keys(CHOICES))
  at(key).onchange = () => {
    choose({[key]: at(key).value});
    if (key === "span")
      readHistory();
  };
document.querySelector("form").onsubmit = event => event.preventDefault();
at("close").onclick = escape;
at("theme").onclick = () => {
  const names = Object.keys(THEMES), next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
  choose({theme: ""});
  setTheme(next);
};
window.onhashchange = () => { readHash(); draw(); };
document.onvisibilitychange = () => { if (!document.hidden && reading.isWanted) plan(); };

setTheme(keptTheme());
readHash();
setInterval(tick, 1000);
listen();
refresh().then(readHistory);
