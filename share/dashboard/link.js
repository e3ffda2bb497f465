/* The way to the server: its list, what it says of changes, and its history.  Behind lockerd --http
 * events say that the list has changed; where lockfeed writes it, it is read again and again. */

const SOON_MS = 100, CHECK_MS = 30000, AGAIN_MS = 3000, LISTEN_AGAIN_MS = 60000;
const REFRESH_MS = setting("refresh") * 1000, ANSWER_MS = setting("patience") * 1000;
const HISTORY_MS = 300000;
const EVENTS = ["asked", "granted", "released", "broken", "lost", "left", "offline", "online", "outside",
  "configuration", "reset"];

const connection = {
  isLive: false,    // events come
  hadEvents: false, // this server has them
  failure: "",      // of the last reading
  lostAt: 0,        // since when, by this page's clock; 0: it is not
  goodAt: Date.now(),
};

async function readJson(name, options = {}) {
  // lockerd says whether a list is the same; files of one second look alike to a server of files.
  const answer = await fetch(name, {cache: connection.hadEvents ? "no-cache" : "no-store", signal: AbortSignal.timeout(ANSWER_MS), ...options})
    .catch(() => { throw new Error(location.protocol === "file:" ?
      `a browser lets no page that was opened from a file read ${name} beside it; serve the folder by a web server` :
      `${name} cannot be reached`); });
  if (!answer.ok) {
    // A lockerd that stands by says why in one line.
    const why = answer.status === 503 ? (await answer.text().catch(() => "")).trim() : "";
    throw new Error(`${name}: the web server says ${answer.status}${why && why.length < 600 ? ", " + why : ""}`);
  }
  const found = await answer.json()
    .catch(fault => { throw new Error(`${name} ${fault instanceof SyntaxError ? "is no JSON" : "came in part only"}`); });
  // By the web server's clock: that of a phone may be wrong.
  const now = Date.parse(answer.headers.get("Date") ?? "");
  return {found, now: isNaN(now) ? Date.now() : now};
}

async function readList() {
  const {found, now} = await readJson("locks.json");
  if (found?.version !== 1 || isNaN(Date.parse(found.time)))
    throw new Error("locks.json is not a list that this page knows");
  const madeAgo = Math.max(0, (now - Date.parse(found.time)) / 1000);
  // lockerd says the same list again where nothing has changed; a file may just be old.
  return takeList(found, madeAgo, connection.hadEvents ? 0 : madeAgo);
}

/* When the list is read */

const reading = {isOn: false, isWanted: false, endedAt: 0, last_ms: 0, cost_ms: 0, timer: 0};

function pause() {
  // A huge list on a slow phone must not take all of its time, nor the server's.
  if (reading.isWanted)
    return Math.max(0, reading.endedAt + Math.max(SOON_MS, 4 * reading.cost_ms) - performance.now());
  if (connection.lostAt)
    return AGAIN_MS;
  return connection.isLive ? CHECK_MS : Math.max(REFRESH_MS, 10 * reading.cost_ms);
}

function plan() {
  clearTimeout(reading.timer);
  if (!reading.isOn)
    reading.timer = setTimeout(refresh, pause());
}

// Something has changed; who does not look is told later.
function want() {
  reading.isWanted = true;
  if (!document.hidden)
    plan();
}

function lose(since) {
  connection.lostAt ||= since;
}

async function refresh() {
  clearTimeout(reading.timer);
  [reading.isOn, reading.isWanted] = [true, false];
  const began = performance.now();
  try {
    const isNew = await readList();
    Object.assign(connection, {failure: "", lostAt: 0, goodAt: Date.now()});
    if (isNew)
      draw();
  } catch (error) {
    connection.failure = text(error.message);
    if (farm.list !== null)
      lose(connection.goodAt);
  }
  // The first time is slow, and others now and then: the lesser of two is what it costs.
  const now = performance.now(), took_ms = now - began;
  Object.assign(reading, {isOn: false, endedAt: now, last_ms: took_ms, cost_ms: Math.min(took_ms, reading.last_ms)});
  drawState();
  plan();
}

/* Events */

let source = null;

function listen() {
  if (location.protocol === "file:" || typeof EventSource === "undefined")
    return;
  source = new EventSource("events");
  source.onopen = () => {
    connection.isLive = connection.hadEvents = true;
    drawState();
    want();
  };
  source.onerror = () => {
    if (connection.isLive)
      connection.goodAt = Date.now();
    connection.isLive = false;
    // A browser comes back to a stream that ends, but not to a server that has none, or is away.
    if (source.readyState === EventSource.CLOSED)
      setTimeout(listen, connection.hadEvents ? AGAIN_MS : LISTEN_AGAIN_MS);
    if (connection.hadEvents)
      want();
  };
  for (const name of EVENTS)
    source.addEventListener(name, want);
}

/* The history: of an hour, then of more, until there are more entries than a page can keep. */

const library = {seconds: 0, timer: 0};
const REACHES = [3600, 6 * 3600, 86400, 7 * 86400];

async function readPast(seconds) {
  const {found} = await readJson(`history.json?since=${Math.ceil(seconds)}&limit=${PAST_MOST}`, {signal: AbortSignal.timeout(8 * ANSWER_MS)});
  const isAll = takePast(found);
  draw();
  return isAll;
}

async function readHistory() {
  clearTimeout(library.timer);
  forgetOld();
  let again = HISTORY_MS;
  try {
    const wanted = SPANS[view.span].ms / 1000;
    // What has ended since it was read, and then what is older.
    if (library.seconds > 0 && !await readPast((serverNow() - past.until) / 1000 + 60))
      library.seconds = 0;
    for (const seconds of REACHES)
      if (seconds > library.seconds && seconds <= wanted && await readPast(seconds))
        library.seconds = seconds;
      else if (seconds > library.seconds)
        break;
  } catch {
    // There is none, or not now; what ends from here on is seen in the lists.
    again = connection.hadEvents ? LISTEN_AGAIN_MS : HISTORY_MS;
  }
  library.timer = setTimeout(readHistory, again);
}
