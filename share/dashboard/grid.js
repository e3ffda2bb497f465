/* A list of any length, of which only the rows that are seen are in the document. */

const MARGIN_ROWS = 6;

class Grid {
  // columns: [{name, title, text(row), link(row), ticks}]; open(row) is the part of the address that
  // shows its details, decorate(line, row) does what else is to be done to a row.
  constructor(place, {label, columns, open, nothing, decorate}) {
    Object.assign(this, {place, columns, open, decorate, rows: [], shown: new Map(), active: -1, height: 32});
    this.nothing = element("p", "empty", nothing);
    this.space = element("div", "space");
    this.space.setAttribute("role", "rowgroup");
    this.root = element("div", "grid", this.head(), this.space);
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "grid");
    this.root.setAttribute("aria-readonly", "true");
    this.root.setAttribute("aria-labelledby", label);
    this.root.setAttribute("aria-colcount", columns.length);
    place.classList.add("list", `list-${place.id}`);
    place.replaceChildren(this.root, this.nothing);
    this.root.onscroll = () => this.draw();
    this.root.onkeydown = event => this.press(event);
    this.space.onclick = event => this.click(event);
    new ResizeObserver(() => this.resize()).observe(this.root);
  }

  head() {
    const head = element("div", "row head");
    head.setAttribute("role", "row");
    head.setAttribute("aria-rowindex", 1);
    this.columns.forEach((column, index) => {
      const cell = element("div", `c-${column.name}`, column.title);
      cell.setAttribute("role", "columnheader");
      cell.setAttribute("aria-colindex", index + 1);
      head.append(cell);
    });
    return head;
  }

  key(row) {
    return Object.values(this.open(row)).join();
  }

  take(rows) {
    const was = this.rows[this.active];
    this.rows = rows;
    this.root.hidden = rows.length === 0;
    this.nothing.hidden = rows.length > 0;
    this.root.setAttribute("aria-rowcount", rows.length + 1);
    // The row that was chosen stays so, wherever it stands now.
    if (was !== undefined)
      this.active = rows.findIndex(row => this.key(row) === this.key(was));
    this.draw(true);
  }

  draw(isAnew) {
    if (isAnew)
      this.space.style.height = `${this.height * this.rows.length}px`;
    const above = Math.floor(this.root.scrollTop / this.height), seen = Math.ceil(this.root.clientHeight / this.height);
    const first = Math.max(0, above - MARGIN_ROWS), behind = Math.min(this.rows.length, above + seen + MARGIN_ROWS);
    const free = [];
    for (const [index, line] of this.shown)
      if (index < first || index >= behind) {
        this.shown.delete(index);
        free.push(line);
      }
    for (let index = first; index < behind; index++) {
      const line = this.shown.get(index);
      if (line === undefined)
        this.fill(free.pop() ?? this.line(), index);
      else if (isAnew)
        this.fill(line, index);
    }
    for (const line of free)
      line.remove();
    this.mark();
  }

  // The height of a row is the style's affair, as it depends on the width of the list.
  resize() {
    const line = this.line();
    this.space.append(line);
    const height = line.offsetHeight;
    line.remove();
    if (height > 0)
      this.height = height;
    this.draw(true);
  }

  line() {
    const line = element("div", "row");
    line.setAttribute("role", "row");
    this.columns.forEach((column, index) => {
      const inside = element(column.link ? "a" : "span");
      if (column.link)
        inside.tabIndex = -1;
      const cell = element("div", `c-${column.name}`, inside);
      cell.setAttribute("role", "gridcell");
      cell.setAttribute("aria-colindex", index + 1);
      line.append(cell);
    });
    return line;
  }

  fill(line, index) {
    const row = this.rows[index];
    this.shown.set(index, line);
    line.index = index;
    line.id = `${this.place.id}-${index}`;
    line.style.top = `${index * this.height}px`;
    line.setAttribute("aria-rowindex", index + 2);
    this.columns.forEach((column, at) => {
      const cell = line.children[at], content = column.text(row);
      cell.firstChild.textContent = content;
      cell.title = content;
      cell.dataset.label = content === "" ? "" : column.title;
      if (column.link)
        cell.firstChild.href = address(column.link(row));
    });
    this.decorate?.(line, row);
    if (line.parentNode !== this.space)
      this.space.append(line);
  }

  // Times go on without a new list.
  tick() {
    for (const [index, line] of this.shown)
      this.columns.forEach((column, at) => {
        const inside = line.children[at].firstChild, content = column.ticks ? column.text(this.rows[index]) : "";
        if (column.ticks && inside.textContent !== content)
          inside.textContent = content;
      });
  }

  mark() {
    for (const [index, line] of this.shown)
      line.setAttribute("aria-selected", String(index === this.active));
    if (this.shown.has(this.active))
      this.root.setAttribute("aria-activedescendant", `${this.place.id}-${this.active}`);
    else
      this.root.removeAttribute("aria-activedescendant");
  }

  choose(index) {
    this.active = Math.max(0, Math.min(this.rows.length - 1, index));
    const top = this.active * this.height, head = this.root.firstChild.offsetHeight;
    const bottom = top + this.height + head - this.root.clientHeight;
    this.root.scrollTop = Math.min(top, Math.max(bottom, this.root.scrollTop));
    this.draw();
  }

  press(event) {
    const page = Math.max(1, Math.floor(this.root.clientHeight / this.height) - 2), last = this.rows.length - 1;
    const steps = {ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page,
      PageUp: this.active - page, Home: 0, End: last};
    if (event.altKey || event.ctrlKey || event.metaKey)
      return;
    if (Object.hasOwn(steps, event.key))
      this.choose(steps[event.key]);
    else if (event.key === "Enter" && event.target === this.root && this.active >= 0)
      location.hash = address(this.open(this.rows[this.active]));
    else
      return;
    event.preventDefault();
  }

  // A click beside the links of a row, unless text is being selected.
  click(event) {
    const line = event.target.closest(".row");
    if (line === null || event.target.closest("a") || String(getSelection()) !== "")
      return;
    this.choose(line.index);
    location.hash = address(this.open(this.rows[line.index]));
  }
}
