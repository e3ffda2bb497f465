"""State files as earlier versions of lockerd wrote them, made of one of now."""

import sqlite3

# What each layout has that the one before it had not: columns as table.column, else tables.
NEW = {
    2: ("history",),
    3: ("requests.away",),
    4: ("state.boot", "state.base_ms", "state.seen_ms", "state.keep_until_ms"),
    5: ("requests.uid", "requests.how", "requests.grant_key", "requests.peer", "history.uid", "history.how",
        "history.by_uid", "history.by_how", "history.by_name", "history.by_peer"),
    6: ("requests.login", "requests.project", "requests.priority", "history.pool", "history.project",
        "unusable"),
    7: ("history_blocks",),
    8: (),  # only what stands in a demand
    9: ("requests.keep_ms", "requests.keep_until_ms", "requests.until_boot", "requests.lost_after_s"),
    10: ("history.shared",),
}


def make_earlier(path, layout):
    """Makes a state file that no lockerd uses one of an earlier layout, 1 or later."""
    with sqlite3.connect(path) as state:
        now = state.execute("PRAGMA user_version").fetchone()[0]
        assert now == max(NEW), f"say in {__file__} what layout {now} has that {max(NEW)} had not"
        for name in (name for later in range(now, layout, -1) for name in NEW[later]):
            table, _, column = name.partition(".")
            state.execute(f"ALTER TABLE {table} DROP COLUMN {column}" if column else f"DROP TABLE {table}")
        state.execute(f"PRAGMA user_version = {layout}")
    state.close()
