/* A pool and its seats as a picture. */

const SQUARES_MOST = 64, CARDS_FIRST = 24, CARDS_MOST = 400;

// What seats can be, in the order in which they are drawn; those that are none of ours stand apart.
const STATES = {
  held: "held", promised: "set aside", free: "free", reserved: "kept free", outside: "in use elsewhere",
  offline: "out of use",
};

// How many seats are what: each seat once, though one that is out of use may be held still, and one
// that is free may be kept for some or in use elsewhere.
function seatsOf(pool) {
  const some = key => number(pool[key]) ?? 0, held = some("held");
  if (number(pool.total) === null)
    return {held, offline: some("idle")};
  const free = Math.min(some("free"), Math.max(0, pool.total - held - some("promised")));
  const outside = Math.min(some("outside"), free), reserved = Math.min(some("reserved"), free - outside);
  return {
    held, promised: some("promised"), free: free - outside - reserved, reserved, outside,
    offline: Math.max(0, pool.total - held - some("promised") - free),
  };
}

const sizeOf = pool => number(pool.total) === null ? `${counted(number(pool.held) ?? 0)} held` :
  `${counted(number(pool.held) ?? 0)} of ${counted(pool.total)}`;

const seatWords = pool => Object.entries(seatsOf(pool)).filter(([, n]) => n > 0)
  .map(([state, n]) => `${counted(n)} ${STATES[state]}`).join(", ") || "nothing held";

// One for each seat; of one that is held the pointer learns who holds it.
function squares(state, n, rows) {
  return Array.from({length: n}, (_, i) => {
    const made = element("i", i === 0 ? `${state} first` : state), row = rows[i];
    made.title = row === undefined ? STATES[state] : `${text(row.name)}: ${userOf(row)}, ${duration(heldFor(row))}`;
    return made;
  });
}

function picture(pool, squaresMost = SQUARES_MOST) {
  const seats = seatsOf(pool), all = Object.values(seats).reduce((sum, n) => sum + n, 0);
  const isSquares = all <= squaresMost, made = element("div", isSquares ? "squares" : "bar");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", seatWords(pool));
  for (const [state, n] of Object.entries(seats)) {
    if (n === 0)
      continue;
    if (isSquares) {
      made.append(...squares(state, n, state === "held" ? farm.heldByPool.get(text(pool.name)) ?? [] : []));
      continue;
    }
    const part = element("i", state);
    part.style.flexGrow = n;
    made.append(part);
  }
  return made;
}

function poolFacts(pool) {
  const facts = [], waiting = number(pool.waiting) ?? 0, oldest = grown(number(pool.oldest_wait_seconds));
  if (waiting > 0)
    facts.push(element("span", "waits", `${counted(waiting)} waiting`, oldest === null ? "" : `, ${duration(oldest)}`));
  for (const key of ["outside", "offline"])
    if (number(pool[key]) > 0)
      facts.push(element("span", "", `${counted(pool[key])} ${key}`));
  if (pool.most && pool.most.user !== undefined)
    facts.push(element("span", "most", "most: ", element("bdi", "", text(pool.most.user)), ` ${text(pool.most.held)}`));
  return facts;
}

function card(pool) {
  const name = text(pool.name), isFull = number(pool.total) !== null && number(pool.free) === 0 && pool.total > 0;
  const made = element("a", `card${pool.waiting > 0 ? " waits" : ""}${isFull ? " full" : ""}`,
    element("span", "name", element("bdi", "", name || "?")), element("span", "size", sizeOf(pool)),
    picture(pool), element("span", "facts", ...poolFacts(pool)));
  made.href = address({pool: name});
  made.title = `${name}: ${seatWords(pool)}`;
  return made;
}

let areAllCards = false;

function drawPools(place, pools) {
  const some = pools.slice(0, areAllCards ? CARDS_MOST : CARDS_FIRST), focused = document.activeElement;
  const made = some.map(card);
  if (pools.length > some.length) {
    const more = element("button", "more", `${count(pools.length - some.length, "more pool", "more pools")}`);
    more.type = "button";
    more.disabled = areAllCards;
    more.onclick = () => { areAllCards = true; drawPools(place, pools); };
    made.push(more);
  }
  const kept = place.contains(focused) ? focused.href : null;
  place.replaceChildren(...made);
  if (kept)
    made.find(one => one.href === kept)?.focus({preventScroll: true});
}

// What the pictures of these pools show.
function drawLegend(place, pools) {
  const found = new Set(pools.flatMap(pool => Object.entries(seatsOf(pool)).filter(([, n]) => n > 0).map(([state]) => state)));
  place.replaceChildren(...Object.keys(STATES).filter(state => found.has(state))
    .map(state => element("span", "", element("i", state), STATES[state])));
}
