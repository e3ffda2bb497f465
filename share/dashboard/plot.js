/* Held and waiting over time, one above the other. */

const SVG = "http://www.w3.org/2000/svg", WIDTH = 720, HEIGHTS = {held: 120, waiting: 60};

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes))
    made.setAttribute(key, value);
  return made;
}

// A top that people read easily.
function roundTop(value) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map(times => times * unit).find(top => top >= value && Number.isInteger(top)) ?? 1;
}

// Steps from left to right, as far as anything is known.
function steps(values, known, top, height) {
  const y = value => (height * (1 - value / top)).toFixed(1), x = index => (WIDTH * index / values.length).toFixed(1);
  return values.slice(known).map((value, i) => `${i === 0 ? "M" : "L"}${x(i + known)},${y(value)}H${x(i + known + 1)}`).join("");
}

function graph(kind, data, total) {
  const height = HEIGHTS[kind], values = data[kind], peak = Math.max(0, ...values.slice(data.known));
  const top = Math.max(roundTop(peak), kind === "held" && total ? total : 1) * 1.04;
  const svg = shape("svg", {viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true"});
  const line = steps(values, data.known, top, height);
  if (data.known > 0)
    svg.append(shape("rect", {class: "unknown", x: 0, y: 0, width: WIDTH * data.known / values.length, height}));
  if (line !== "") {
    svg.append(shape("path", {class: `${kind} area`, d: `${line}V${height}H${(WIDTH * data.known / values.length).toFixed(1)}Z`}));
    svg.append(shape("path", {class: `${kind} line`, d: line}));
  }
  if (kind === "held" && total)
    svg.append(shape("line", {class: "all", x1: 0, x2: WIDTH, y1: height * (1 - total / top), y2: height * (1 - total / top)}));
  svg.append(shape("line", {class: "cursor", x1: 0, x2: 0, y1: 0, y2: height, visibility: "hidden"}));
  const scale = kind === "held" && total ? `${counted(total)} seats` : `${counted(roundTop(peak))}`;
  return element("div", `graph ${kind}`, element("span", "name", kind, element("small", "", scale)), svg);
}

const axisTime = (ms, span) => span === "day" ? clock(ms) : clock(ms, {weekday: "short", hour: undefined, minute: undefined});

function axis(data, span) {
  const made = element("p", "axis");
  const step = span === "day" ? 6 * 3600e3 : 86400e3, first = new Date(data.from);
  first.setHours(span === "day" ? Math.ceil((first.getHours() + 1) / 6) * 6 : 24, 0, 0, 0);
  for (let at = first.getTime(); at < data.until - step / 4; at += step) {
    if (at < data.from + step / 4)
      continue;
    const mark = element("span", "", axisTime(at, span));
    mark.style.insetInlineStart = `${100 * (at - data.from) / (data.until - data.from)}%`;
    made.append(mark);
  }
  return made;
}

const mean = value => value < 10 ? value.toFixed(1).replace(/\.0$/, "") : counted(Math.round(value));

function summary(data) {
  const held = data.held.slice(data.known), waiting = data.waiting.slice(data.known);
  if (held.length === 0)
    return "Nothing is known yet.";
  const sum = held.reduce((all, value) => all + value, 0);
  return `Held: ${mean(sum / held.length)} on average, at most ${mean(Math.max(...held))}. ` +
    `Waiting: at most ${mean(Math.max(...waiting))}.`;
}

// total: of how many seats, where that is known.
function plot(data, span, total) {
  const words = summary(data), said = element("p", "reading", words);
  const graphs = element("div", "graphs", graph("held", data, total), graph("waiting", data), axis(data, span));
  graphs.tabIndex = 0;
  graphs.setAttribute("role", "img");
  graphs.setAttribute("aria-label", `Held and waiting over ${span === "day" ? "24 hours" : "7 days"}. ${words}`);
  let at = -1;
  const point = index => {
    graphs.pointed = at = index;
    for (const cursor of graphs.querySelectorAll(".cursor")) {
      cursor.setAttribute("visibility", index < 0 ? "hidden" : "visible");
      cursor.setAttribute("x1", WIDTH * (index + .5) / data.held.length);
      cursor.setAttribute("x2", WIDTH * (index + .5) / data.held.length);
    }
    said.textContent = index < 0 ? words : `${clock(data.from + (index + .5) * data.part, {weekday: "short"})}: ` +
      (index < data.known ? "not known" : `${mean(data.held[index])} held, ${mean(data.waiting[index])} waiting`);
  };
  graphs.point = point;
  const most = data.held.length - 1;
  graphs.onpointermove = event => {
    const box = graphs.querySelector("svg").getBoundingClientRect();
    point(Math.max(0, Math.min(most, Math.floor((event.clientX - box.left) / box.width * data.held.length))));
  };
  graphs.onpointerleave = graphs.onblur = () => point(-1);
  graphs.onkeydown = event => {
    const steps = {ArrowLeft: (at < 0 ? most + 1 : at) - 1, ArrowRight: at + 1, Home: data.known, End: most};
    if (!Object.hasOwn(steps, event.key))
      return;
    event.preventDefault();
    point(Math.max(0, Math.min(most, steps[event.key])));
  };
  const made = element("div", "plot", graphs, said);
  if (data.known > 0)
    made.append(element("p", "faint", past.hasServer ? `What ended before ${when(past.since)} is not known here.` :
      `Since this page was opened: nothing tells it what was before.`));
  return made;
}

// Puts parts with a new plot where an old one was; who reads the old one goes on in the new one.
function putPlot(place, parts) {
  const old = place.querySelector(".graphs"), isFocused = old !== null && old === document.activeElement;
  const at = old?.pointed ?? -1;
  place.replaceChildren(...parts);
  const made = place.querySelector(".graphs");
  if (isFocused)
    made.focus({preventScroll: true});
  if (at >= 0)
    made.point(at);
}
