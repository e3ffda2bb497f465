#!/usr/bin/python3
"""The page without a mouse, without eyes, on screens of all sizes, in both colors."""

from support import farm, page_lab, tap
from support.browser import Browser
from support.page_lab import document, lock, waiter

SIZES = ((360, 740), (320, 480), (640, 400), (820, 1180), (1280, 800), (1920, 1080), (3840, 2160))


def opened(list_=None, **fragment):
    site = page_lab.Site()
    site.list = list_ or document(locks=[lock(f"vcs{n}", f"user{n}") for n in range(1, 301)],
                                  waiters=[waiter("chris", ["vcs1"]), waiter("dora", ["vcs2"], position=2)])
    browser = Browser()
    browser.go(site.at(**fragment))
    browser.wait("!document.querySelector('main').hidden")
    return site, browser


def active_row(browser):
    """The row that a reader of screens is told of, and whether it is seen."""
    return browser.run("""(() => { const grid = document.activeElement, row = at(grid.getAttribute("aria-activedescendant"));
        if (!row) return null;
        const a = row.getBoundingClientRect(), b = grid.getBoundingClientRect();
        return [row.firstChild.textContent, a.top >= b.top && a.bottom <= b.bottom + 1]; })()""")


@tap.test
def all_is_reached_by_keys():
    _, browser = opened()
    browser.key("/")
    browser.wait("document.activeElement === at('filter')")
    browser.type("vcs")
    browser.wait("view.q === 'vcs'")
    farm.equal(browser.run("location.hash"), "#q=vcs")
    # A slash is a slash while one types.
    browser.key("/")
    browser.wait("view.q === 'vcs/'")
    browser.key("Escape")
    browser.wait("view.q === '' && at('filter').value === ''")
    browser.key("ArrowDown")
    browser.wait("document.activeElement === queueGrid.root")
    browser.key("ArrowDown")
    farm.equal(active_row(browser), ["1", True])
    browser.key("Enter")
    browser.wait("at('details-title').textContent === 'Owner node9_77_chris'")
    farm.equal(browser.run("document.activeElement.id"), "details-title")
    browser.key("Escape")
    browser.wait("at('details').hidden && document.activeElement === queueGrid.root")
    farm.equal(active_row(browser), ["1", True])


@tap.test
def a_long_list_is_walked_by_keys():
    _, browser = opened()
    browser.run("heldGrid.root.focus()")
    for key, name in (("End", "vcs300"), ("ArrowDown", "vcs300"), ("ArrowUp", "vcs299"), ("Home", "vcs1"), ("ArrowUp", "vcs1"),
                      ("ArrowDown", "vcs2")):
        browser.key(key)
        farm.equal((key, active_row(browser)), (key, [name, True]))
    browser.key("PageDown")
    name, is_seen = active_row(browser)
    assert is_seen and int(name[3:]) > 5, name
    browser.key("PageUp")
    farm.equal(active_row(browser), ["vcs2", True])


@tap.test
def the_chosen_row_stays_chosen_in_a_new_list():
    site, browser = opened()
    browser.wait("connection.isLive && !reading.isOn")
    browser.run("heldGrid.root.focus(), heldGrid.choose(4)")
    farm.equal(active_row(browser), ["vcs5", True])
    site.list = document(locks=[lock(f"vcs{n}") for n in (1, 5, 9)])
    site.tell("released")
    browser.wait("farm.held.length === 3")
    farm.equal(active_row(browser), ["vcs5", True])


@tap.test
def focus_in_the_details_outlives_a_new_list():
    site, browser = opened(lock="vcs1")
    browser.wait("connection.isLive && !reading.isOn")
    browser.run("[...document.querySelectorAll('#details a')].find(one => one.textContent === 'user1').focus()")
    site.list = document(locks=[lock("vcs1", "user1"), lock("vcs400")])
    site.tell("granted")
    browser.wait("farm.held.length === 2")
    farm.equal(browser.run("document.activeElement.textContent"), "user1")


@tap.test
def who_reads_a_plot_goes_on_reading_behind_a_new_list():
    site, browser = opened()
    browser.wait("connection.isLive && !reading.isOn")
    browser.run("document.querySelector('#use .graphs').focus()")
    for _ in range(3):
        browser.key("ArrowLeft")
    said = "document.querySelector('#use .reading').textContent"
    assert " held, " in browser.run(said) or "not known" in browser.run(said), browser.run(said)
    site.list = document(locks=[lock("vcs1")])
    site.tell("released")
    browser.wait("farm.held.length === 1")
    farm.equal(browser.run("[document.activeElement.className, document.activeElement.pointed]"), ["graphs", 285])
    assert not browser.run(said).startswith("Held:"), browser.run(said)


@tap.test
def a_reader_of_screens_finds_its_way():
    _, browser = opened(page_lab.farm_of(50, 16))
    tree = browser.ask("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in tree if not node.get("ignored")]
    for role in ("banner", "main", "search", "region", "contentinfo", "status", "grid", "columnheader", "row", "gridcell", "searchbox"):
        farm.contains(roles, role)
    nameless = [node["role"]["value"] for node in tree if not node.get("ignored") and node["role"]["value"] in
                ("grid", "image", "img", "button", "combobox", "searchbox", "link", "region", "complementary") and not node.get("name", {}).get("value")]
    farm.equal(nameless, [])
    farm.equal(browser.run("[...document.querySelectorAll('[aria-live], [role=status], [role=alert]')].map(one => one.id)"), ["said", "trouble"])
    farm.equal(browser.run("document.documentElement.lang"), "en")
    counts = browser.run("[...document.querySelectorAll('[role=grid]')].map(grid => [grid.ariaRowCount - 1, grid.querySelectorAll('[role=rowgroup] [role=row]').length])")
    assert all(rows >= drawn for rows, drawn in counts) and len(counts) == 4, counts


@tap.test
def colors_are_the_systems_or_as_chosen_and_can_be_read():
    _, browser = opened(page_lab.farm_of(50, 16))
    contrast = """(() => { const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
        const light = color => { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
            return .2126 * r + .7152 * g + .0722 * b; };
        const back = one => { for (; one; one = one.parentElement) { const color = getComputedStyle(one).backgroundColor;
            if (!/rgba\\(0, 0, 0, 0\\)/.test(color)) return color; } };
        return [...document.querySelectorAll("h2, .faint, .choice, .card *, .row > div, .figure, .figure b, .reading, .axis span, #state, .graph .name, small")]
            .filter(one => one.innerText && one.offsetHeight).map(one => { const a = light(getComputedStyle(one).color), b = light(back(one));
                return [one.className || one.id || one.localName, Math.round(10 * (Math.max(a, b) + .05) / (Math.min(a, b) + .05)) / 10]; })
            .filter(([, ratio]) => ratio < 4.5); })()"""
    shades = set()
    for scheme in ("light", "dark"):
        browser.prefer(color_scheme=scheme)
        shades.add(browser.run("getComputedStyle(document.documentElement).backgroundColor"))
        farm.equal((scheme, browser.run(contrast)), (scheme, []))
    farm.equal(len(shades), 2)
    dark = browser.run("getComputedStyle(document.documentElement).backgroundColor")
    browser.run("at('theme').click()")  # light, whatever the system says
    assert browser.run("getComputedStyle(document.documentElement).backgroundColor") != dark
    farm.equal(browser.run("at('theme').ariaLabel"), "Colors: light")
    browser.run("location.hash = 'theme=dark'")
    browser.wait(f"getComputedStyle(document.documentElement).backgroundColor === '{dark}'")


@tap.test
def no_screen_is_too_narrow():
    _, browser = opened(page_lab.farm_of(50, 16))
    for width, height in SIZES:
        for fragment in ("", "user=regress"):
            browser.resize(width, height)
            browser.run(f"location.hash = '{fragment}'")
            browser.wait(f"view.kind === '{fragment and 'user'}'")
            wide = browser.run("[document.documentElement.scrollWidth, at('details').scrollWidth].map(Math.round)")
            assert max(wide) <= width, (width, height, fragment, wide)
            cut = browser.run("[...document.querySelectorAll('.c-for, .c-place, .figure b, .card .size')].filter(one => one.offsetHeight && "
                              "getComputedStyle(one.parentNode).clipPath === 'none' && one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)")
            farm.equal((width, cut), (width, []))


@tap.test
def nothing_moves_for_who_wants_no_motion():
    _, browser = opened()
    browser.wait("connection.isLive")
    beats = "getComputedStyle(at('state'), '::before').animationName"
    farm.equal(browser.run(beats), "beat")
    browser.prefer(reduced_motion="reduce")
    farm.equal(browser.run(beats), "none")


if __name__ == "__main__":
    farm.main()
