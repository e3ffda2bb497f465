"""Line charts as SVG: cost against size, each line with its spread and its name at its end."""

import math
from html import escape

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 76, 130, 54, 58
COLORS = {"floor": "#6b7280", "lockerd": "#0b63ce", "redis": "#c2410c", "etcd": "#7c3aed"}
OTHERS = ("#0b63ce", "#0f766e", "#b45309")
LABEL_GAP = 15


class Scale:
    """From values to pixels, in powers of ten or from 0."""

    def __init__(self, values, begin, end, logarithmic):
        self.begin, self.end, self.logarithmic = begin, end, logarithmic
        if logarithmic:
            self.low, self.high = math.log10(min(values)), math.log10(max(values))
            if self.high - self.low < 0.3:
                self.low, self.high = math.floor(self.low), math.ceil(self.high)
        else:
            self.low, self.high = 0, max(values) * 1.08

    def at(self, value):
        place = math.log10(value) if self.logarithmic else value
        share = (place - self.low) / (self.high - self.low or 1)
        return round(self.begin + share * (self.end - self.begin), 1)

    def ticks(self):
        if not self.logarithmic:
            step = 10 ** math.floor(math.log10(self.high))
            step = next(part for part in (step / 5, step / 2, step, step * 2)
                        if self.high / part <= 7)
            return [number * step for number in range(int(self.high / step) + 1)]
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        parts = (1,) if self.high - self.low > 2 else (1, 2, 5)
        return [tick for tick in (part * 10 ** power for power in powers for part in parts)
                if self.low - 0.001 <= math.log10(tick) <= self.high + 0.001]


def short(value):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def text(x, y, words, anchor="middle", color="#374151", size=12, more=""):
    return (f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{color}" font-size="{size}" '
            f'{more}>{escape(words)}</text>')


def _grid(x_scale, y_scale, x_ticks):
    parts = []
    for tick in y_scale.ticks():
        y = y_scale.at(tick)
        parts.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>')
        parts.append(text(LEFT - 8, y + 4, short(tick), "end"))
    for tick in x_ticks:
        x = x_scale.at(tick)
        parts.append(f'<path d="M{x} {HEIGHT - BOTTOM}v5" stroke="#6b7280"/>')
        parts.append(text(x, HEIGHT - BOTTOM + 20, short(tick)))
    parts.append(f'<path d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}" stroke="#6b7280"/>')
    return parts


def _line(points, x_scale, y_scale, color):
    above = [f"{x_scale.at(x)} {y_scale.at(spread.high)}" for x, spread in points]
    below = [f"{x_scale.at(x)} {y_scale.at(spread.low)}" for x, spread in reversed(points)]
    middle = [(x_scale.at(x), y_scale.at(spread.median)) for x, spread in points]
    return [f'<path d="M{"L".join(above + below)}Z" fill="{color}" opacity="0.15"/>',
            f'<path d="M{"L".join(f"{x} {y}" for x, y in middle)}" fill="none" stroke="{color}" '
            f'stroke-width="2"/>',
            *(f'<circle cx="{x}" cy="{y}" r="3" fill="{color}"/>' for x, y in middle)]


def _labels(series, colors, y_scale):
    """At the ends of the lines, kept apart from each other."""
    ends = sorted((y_scale.at(points[-1][1].median), name) for name, points in series.items())
    parts, last = [], -LABEL_GAP
    for y, name in ends:
        last = max(y, last + LABEL_GAP)
        parts.append(text(WIDTH - RIGHT + 10, last + 4, name, "start", colors[name], 13))
    return parts


def chart(title, x_name, y_name, series, y_logarithmic=False):
    """`series` is {name: [(x, rounds.Spread)]}; returns the text of an SVG file."""
    x_values = sorted({x for points in series.values() for x, _ in points})
    y_values = [value for points in series.values() for _, spread in points
                for value in (spread.low, spread.median, spread.high)]
    x_scale = Scale(x_values, LEFT, WIDTH - RIGHT, True)
    y_scale = Scale(y_values, HEIGHT - BOTTOM, TOP, y_logarithmic)
    colors = {name: COLORS.get(name.split()[0], OTHERS[number % len(OTHERS)])
              for number, name in enumerate(series)}
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             text(LEFT, 26, title, "start", "#111827", 16),
             text(middle, HEIGHT - 14, x_name),
             text(LEFT, 44, y_name, "start"),
             *_grid(x_scale, y_scale, x_values)]
    for name, points in series.items():
        parts += _line(points, x_scale, y_scale, colors[name])
    return "\n".join([*parts, *_labels(series, colors, y_scale), "</svg>", ""])
