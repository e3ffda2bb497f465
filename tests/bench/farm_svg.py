"""Plots as SVG that go by the reader's light or dark background: panels with axes, lines, areas, bars."""

import math
from html import escape

LIGHT = ("#0b63ce", "#c2410c", "#0f766e", "#7c3aed", "#a16207", "#be185d")
DARK = ("#6cb0ff", "#ff9a62", "#4fd1bd", "#b9a1ff", "#e8c15a", "#ff8fc0")
STYLE_FORM = """<style>
svg {{ background: {page}; }}
text {{ fill: {text}; font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }}
.title {{ font-size: 17px; font-weight: 600; fill: {strong}; }}
.note, .unit {{ fill: {faint}; }}
.grid {{ stroke: {line}; }}
.axis {{ stroke: {faint}; }}
.limit {{ stroke: {strong}; stroke-dasharray: 5 4; }}
path, line {{ fill: none; vector-effect: non-scaling-stroke; }}
.thick {{ stroke-width: 2; stroke-linejoin: round; }}
{colors}
</style>"""


def _style():
    def sheet(colors, **others):
        rules = "\n".join(f".l{number} {{ stroke: {color}; }} .f{number} {{ fill: {color}; }} "
                          f".a{number} {{ fill: {color}; fill-opacity: .18; }} .t{number} {{ fill: {color}; font-weight: 600; }}"
                          for number, color in enumerate(colors))
        return STYLE_FORM.format(colors=rules, **others)
    light = sheet(LIGHT, page="#ffffff", text="#374151", strong="#111827", faint="#6b7280", line="#e5e7eb")
    dark = sheet(DARK, page="#15191f", text="#c9d1d9", strong="#f3f4f6", faint="#8b949e", line="#2b323b")
    inner = dark.removeprefix("<style>\n").removesuffix("\n</style>")
    return light.replace("</style>", "@media (prefers-color-scheme: dark) {\n" + inner + "\n}\n</style>")


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(str(words))}</text>'


def picture(width, height, title, notes, parts):
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label="{escape(title)}">', _style(), text(24, 32, title, "title")]
    head += [text(24, 52 + 17 * number, note, "note") for number, note in enumerate(notes)]
    return "\n".join([*head, *parts, "</svg>", ""])


def short(value):
    """A number as an axis shows it."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1000 if unit == 'k' else limit):g}{unit}"
    return f"{value:,.6f}".rstrip("0").rstrip(".")


class Linear:
    """From values to places, with ticks at round numbers."""

    def __init__(self, low, high, ticks=5):
        self.low = low
        rough = (high - low) / ticks or 1
        power = 10 ** math.floor(math.log10(rough))
        step = next(part * power for part in (1, 2, 2.5, 5, 10) if part * power >= rough * 0.999)
        self.high = low + math.ceil((high - low) / step - 1e-9) * step or low + step
        self.ticks = [low + number * step for number in range(round((self.high - low) / step) + 1)]
        self.minor = []

    def part(self, value):
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


class Bare:
    """A side without ticks, where each row has its name."""
    ticks = ()

    @staticmethod
    def part(_value):
        return 0


class Hours(Linear):
    def __init__(self, high):
        super().__init__(0, high)
        self.high = high
        self.ticks = list(range(0, math.floor(high) + 1, 3 if high > 8 else 1))


class Logarithmic:
    def __init__(self, low, high):
        self.first, self.last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
        self.last = max(self.last, self.first + 1)
        self.low, self.high = 10.0 ** self.first, 10.0 ** self.last
        step = math.ceil((self.last - self.first) / 10)
        self.ticks = [10.0 ** power for power in range(self.first, self.last + 1, step)]
        self.minor = [part * 10.0 ** power for power in range(self.first, self.last) for part in range(2, 10)] \
            if step == 1 else []

    def part(self, value):
        value = min(max(value, self.low), self.high)
        return (math.log10(value) - self.first) / (self.last - self.first)


class Panel:
    """Axes, and what is drawn between them; `parts` are the SVG's."""

    def __init__(self, box, x_scale, y_scale, y_unit, x_unit=""):
        self.left, self.top, self.right, self.bottom = box
        self.x_scale, self.y_scale = x_scale, y_scale
        self.parts = []
        self._grid()
        self.parts.append(text(self.left, self.top - 10, y_unit, "unit"))
        if x_unit:
            self.parts.append(text((self.left + self.right) / 2, self.bottom + 40, x_unit, "unit", "middle"))

    def x(self, value):
        return self.left + (self.right - self.left) * self.x_scale.part(value)

    def y(self, value):
        return self.bottom - (self.bottom - self.top) * self.y_scale.part(value)

    def _grid(self):
        for tick in self.y_scale.ticks:
            y = self.y(tick)
            self.parts.append(f'<line class="grid" x1="{self.left}" x2="{self.right}" y1="{y:.1f}" y2="{y:.1f}"/>')
            self.parts.append(text(self.left - 8, y + 4, short(tick), "", "end"))
        for tick in self.x_scale.minor:
            self.parts.append(f'<line class="grid" x1="{self.x(tick):.1f}" x2="{self.x(tick):.1f}" '
                              f'y1="{self.bottom}" y2="{self.bottom + 3}"/>')
        for tick in self.x_scale.ticks:
            x = self.x(tick)
            self.parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{self.top}" y2="{self.bottom}"/>')
            self.parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{self.bottom}" y2="{self.bottom + 5}"/>')
            self.parts.append(text(x, self.bottom + 20, short(tick), "", "middle"))
        self.parts.append(f'<line class="axis" x1="{self.left}" x2="{self.right}" y1="{self.bottom}" y2="{self.bottom}"/>')

    def line(self, points, color):
        self.parts.append(f'<path class="l{color} thick" d="M{self._path(points)}"/>')

    def area(self, points, color):
        points = list(points)
        ends = f"L{self.x(points[-1][0]):.1f} {self.bottom}L{self.x(points[0][0]):.1f} {self.bottom}Z"
        self.parts.append(f'<path class="a{color}" d="M{self._path(points)}{ends}"/>')
        self.line(points, color)

    def _path(self, points):
        return "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)

    def limit(self, value, words):
        y = self.y(value)
        self.parts.append(f'<line class="limit" x1="{self.left}" x2="{self.right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        self.parts.append(text(self.left + 8, y - 6, words))

    def dot(self, x, y, color, words="", anchor="start"):
        self.parts.append(f'<circle class="f{color}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="3.5"/>')
        if words:
            shift = 8 if anchor == "start" else -8
            self.parts.append(text(self.x(x) + shift, self.y(y) + 14, words, "", anchor))


def legend(x, y, names):
    """Names beside pieces of their colors, in a row."""
    parts = []
    for number, name in enumerate(names):
        parts.append(f'<rect class="f{number}" x="{x}" y="{y - 9}" width="12" height="10" rx="2"/>')
        parts.append(text(x + 18, y, name))
        x += 42 + 6.8 * len(name)
    return parts


def apart(wanted, gap):
    """Places near those that are wanted, {name: place}, so far from each other."""
    places, last = {}, -math.inf
    for place, name in sorted((place, name) for name, place in wanted.items()):
        last = places[name] = max(place, last + gap)
    return places
