#!/usr/bin/python3
"""lockreport: use over time in parts, the hours of the week, and the page that can be mailed."""

import csv
import datetime
import html.parser
import io
import json
import re
import time
import zoneinfo

from support import farm, tap
from support.lockd import Server
from support.past import BEGIN_S, LOCKREPORT, make_history, report, window


def in_parts(server, step, *pools):
    document = json.loads(report(*window(server), "--json", "--over-time", step, *pools))
    return document["parts"], {group["name"]: group for group in document["groups"]}


@tap.test
def what_was_held_and_waited_for_is_told_in_parts(folder):
    server = make_history(folder)
    starts, found = in_parts(server, "30m", "vcs[1-2]", "sim[1-2]")
    ends = [datetime.datetime.fromisoformat(start.replace("Z", "+00:00")).timestamp() - BEGIN_S for start in starts]
    ends = ends[1:] + [36000.0]
    begun = [0.0] + ends[:-1]
    # From hand to mouth: vcs1 all the time, vcs2 from 4 to 6; one waits from 1, two from 3 to 4, one up to 7.
    for name, holds, waits in (("vcs[1-2]", ((0, 5), (5, 10), (4, 6)), ((1, 5), (3, 4), (5, 7))),
                               ("sim[1-2]", ((4, 6), (4, 7)), ((1, 4),))):
        for key, spans in (("held", holds), ("waiting", waits)):
            for number, (first, last) in enumerate(zip(begun, ends)):
                shared = sum(max(0.0, min(last, b * 3600) - max(first, a * 3600)) for a, b in spans)
                assert abs(found[name][key][number] - shared / (last - first)) < 0.001, (name, key, number)
    table = list(csv.DictReader(io.StringIO(report(*window(server), "--csv", "--over-time", "30m", "vcs[1-2]"))))
    farm.equal([float(row["held"]) for row in table], found["vcs[1-2]"]["held"])
    farm.equal((table[0]["from"], table[0]["until"], table[0]["lock"], table[0]["capacity"]),
               (starts[0], starts[1], "vcs[1-2]", "2"))


@tap.test
def parts_are_days_and_hours_of_local_time(folder):
    server = make_history(folder)
    zone = zoneinfo.ZoneInfo("Europe/Berlin")

    def starts(step, since, until):
        done = report("--state", server.state, "--since", since, "--until", until, "--json", "--over-time", step,
                      env=farm.environment(TZ="Europe/Berlin"))
        return [datetime.datetime.fromisoformat(start.replace("Z", "+00:00")).astimezone(zone)
                for start in json.loads(done)["parts"]]

    # Clocks went forward on 2026-03-29 and back on 2026-10-25.
    for since, until, hours in (("2026-03-28", "2026-03-31", 71), ("2026-10-24", "2026-10-27", 73)):
        days = starts("1d", since, until)
        farm.equal([(day.hour, day.minute) for day in days], [(0, 0)] * 3)
        farm.equal(len({day.day for day in days}), 3)
        farm.equal(len(starts("1h", since, until)), hours)
    farm.equal([start.hour for start in starts("6h", "2026-05-02T04:30", "2026-05-03")], [4, 6, 12, 18])


def weeks(shown):
    """The hours of each map, by its title."""
    found = {}
    for part in shown.split("\n\n"):
        lines = part.strip("\n").splitlines()
        if "each hour of the week" in lines[0]:
            found[lines[0].split(",")[0]] = {line[:3]: line[4:-1] for line in lines[2:]}
    return found


@tap.test
def the_hours_of_the_week_are_mapped(folder):
    server = make_history(folder)
    ascii_only = farm.environment(LC_ALL="C", TZ="UTC")
    found = weeks(report(*window(server), "--heat-map", "vcs[1-2]", "sim[1-2]", env=ascii_only))
    farm.equal(sorted(found), ["sim[1-2]", "vcs[1-2]"])
    farm.equal(list(found["vcs[1-2]"]), ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
    farm.equal({len(line) for line in found["vcs[1-2]"].values()}, {48})
    for hour in range(-5, 15):
        at = time.gmtime(BEGIN_S + hour * 3600 + 1)
        shown = found["vcs[1-2]"][time.strftime("%a", at)][2 * at.tm_hour]
        if hour == 5 or hour == 4 and at.tm_min == 0:
            farm.equal(shown, "@")  # both are held
        elif 1 <= hour < 3 or 7 <= hour < 9:
            farm.equal(shown, "=")  # one is
        elif not -1 <= hour <= 10:
            farm.equal(shown, "?")  # that is not in the report
    farm.equal(list(weeks(report(*window(server), "--heat-map", env=ascii_only))), ["All"])


class Page(html.parser.HTMLParser):
    """The texts of a page, its elements, and what they refer to."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.attributes, self.cells, self.within = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs
        if tag in ("td", "h2"):
            self.within.append("")

    def handle_data(self, data):
        if self.within:
            self.within[-1] += data

    def handle_endtag(self, tag):
        if tag in ("td", "h2"):
            self.cells.append(self.within.pop())


@tap.test
def a_page_has_it_all_and_refers_to_nothing(folder):
    server = make_history(folder)
    path = f"{folder}/report.html"
    farm.equal(report(*window(server), "--html", path, "vcs[1-2]", "sim[1-2]"), "")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    page = Page(text)
    for name in ("vcs[1-2]", "sim[1-2]", "all"):
        farm.equal(page.cells.count(name), 2)
    farm.equal((page.elements.count("svg"), page.elements.count("polygon")), (3, 3))
    assert not {"script", "link", "img", "iframe", "object"} & set(page.elements), page.elements
    assert not re.search(r"url\(|@import|https?:", text)
    assert not [key for key, _ in page.attributes if key in ("src", "href") or key.startswith("on")]
    farm.contains(text, "<title>Locks from ")
    farm.equal(report(*window(server), "--html", "-", "vcs[1-2]", "sim[1-2]"), text)


@tap.test
def names_of_strangers_stay_text_in_a_page(folder):
    server = Server(folder)
    name = "<script>alert(1)</script>&amp;\"'\x1b[31m"
    server.wire().ask("user ann", f"locks {name}", "LOCK")
    text = report("--state", server.state, "--html", "-")
    page = Page(text)
    farm.equal([cell for cell in page.cells if "alert" in cell], [name.replace("\x1b", "\\x1b")] * 2)
    assert "script" not in page.elements and "\x1b" not in text


@tap.test
def what_does_not_go_together_is_said(folder):
    server = make_history(folder)
    for status, why, *options in ((64, "needs --csv or --json", "--over-time", "1h"),
                                  (64, "excludes", "--html", "-", "--csv"),
                                  (64, "excludes", "--heat-map", "--csv"),
                                  (64, "more than 100000 parts", "--since", "@0", "--csv", "--over-time", "1m"),
                                  (73, f"cannot write {folder}/no/page: No such file", "--html", f"{folder}/no/page"),
                                  (73, "cannot write /dev/full: No space left", "--html", "/dev/full")):
        done = farm.run(LOCKREPORT, "--state", server.state, *options)
        farm.equal((done.returncode, done.stdout), (status, ""))
        farm.contains(done.stderr, why)


if __name__ == "__main__":
    farm.main()
