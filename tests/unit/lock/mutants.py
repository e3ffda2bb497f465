#!/usr/bin/env python3
"""Breaks the lock table's pools in one place after the other, and sees a unit test fail.

Each mutant is one edit of the source, in a copy; the unit tests of pools are built with it and run,
the model with a few seeds, until one fails.  A mutant that lives is a rule that no test holds.  Takes
minutes: `make check-mutants`, and part of check-long.  Numbers as arguments choose some.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
OPERATIONS = "400000"
SEEDS = ("1", "2", "3")

# What is broken, file, text, its replacement.
MUTANTS = (
    ("nobody is robbed", "pool_collect.c", "            seat = rob(table, want);",
     "            seat = POOL_NO_SEAT;"),
    ("singles are not robbed", "collect.c", "        if (taken == NULL || !pool_seat_is_promise(taken) ||",
     "        if (taken != NULL || !pool_seat_is_promise(taken) ||"),
    ("the first later promise is robbed, whatever room it leaves", "pool_collect.c",
     "if (tie == NULL || room_without(pool, want->tie->reserve_class, i) < 1)", "if (tie == NULL)"),
    ("a robbed one does not look again", "pool_collect.c", "    lock_look_again(table, robbed);\n", ""),
    ("free seats are given without room", "pool_collect.c",
     "if (pool->keeps_room && pool_room(pool, want->tie->reserve_class) < 1)", "if (false)"),
    ("use outside does not count", "pool_seat.c", "(int64_t)pool->free - pool_outside(pool)",
     "(int64_t)pool->free"),
    ("a reserve is not kept", "pool_seat.c", "        slack -= pool_unmet(pool, i);", "        (void)i;"),
    ("promises do not end when room is lacking", "pool_grant.c",
     "while (pool->keeps_room && pool_slack(pool) < 0) {", "while (false) {"),
    ("the selected are not served first", "pool_grant.c", "        give(table, entry, (int32_t)seat, now_ms);",
     "        (void)now_ms;"),
    ("use is not charged", "pool_share.c", "    share->use += seats;\n", ""),
    ("pass does not grow", "pool_share.c", "    share->pass += (uint64_t)seats * POOL_PASS_UNIT / share->weight;\n", ""),
    ("a class that comes back starts where it was", "pool_share.c",
     "    if (share->candidates == 0 && share->pass < share->pool->virtual_time)", "    if (false)"),
    ("weights do not count", "pool_share.c", "(left->share->use + more) * right->share->weight",
     "(left->share->use + more) * left->share->weight"),
    ("a head start does not count", "pool_standing.c", ".order_ms = -verdict->head_start_ms,", ".order_ms = 0,"),
    ("limits are one too many", "pool_counter.c",
     "credit->counter->used + credit->tie->amount <= credit->counter->limit",
     "credit->counter->used + credit->tie->amount <= credit->counter->limit + 1"),
    ("who comes later passes at a counter", "pool_counter.c",
     "!set->is_in_order) || tree_count(&credit->counter->waiting) > 0 ||", "!set->is_in_order) ||"),
    ("a limit takes what waits for held", "pool_counter.c",
     "standing->request->token != 0 ? credit->tie->amount : 0", "credit->tie->amount"),
    ("a limit takes what was given back for held", "pool_counter.c", "standing->request->token != 0 ? seats : 0", "0"),
    ("a limit takes what was granted for wanted", "pool_seat.c", "    pool_counter_note_grant(request->pooled);\n", ""),
    ("a class takes what was granted for wanted", "pool_seat.c", "            tie->share->held += tie->amount;\n",
     "            tie->share->held += 0;\n"),
    ("credit is not given back", "pool_counter.c", "        counter->used -= seats;\n", ""),
    ("a credit that is given back lets nobody through", "pool_counter.c",
     "        counter->used -= seats;\n        if (tree_count(&counter->waiting) > 0)",
     "        counter->used -= seats;\n        if (false)"),
    ("wide limits come before narrow ones", "pool_standing.c", "&counter->key_node) <\n            0)", "&counter->key_node) >\n            0)"),
    ("who leaves the head of a counter leaves it shut", "pool_counter.c",
     "        set_ready(set, counter, true); /* it may have been the first, and wanted more */",
     "        (void)set;"),
    ("nobody is set aside for a limit", "pool_grant.c", "    if (exceeds_a_limit(standing, fault))\n        return true;\n", ""),
    ("nobody is set aside for seats", "pool_grant.c", "    if (needed > now)", "    if (false)"),
    ("who was set aside does not come back", "pool_end.c", "    return !is_aside;", "    return false;"),
    ("an offline seat is free when it is given back", "pool_seat.c",
     "    if (!pool->seats[seat].lock->is_offline && !pool->seats[seat].leaving)", "    if (true)"),
    ("the longest unused seat is the last", "pool_tree.c",
     "pool->seats[a].released < pool->seats[b].released ? a : b", "pool->seats[a].released < pool->seats[b].released ? b : a"),
    ("the first promise is robbed, not the last", "pool_tree.c", "return ticket_a > ticket_b ? a : b;",
     "return ticket_a < ticket_b ? a : b;"),
    ("all promises of a leaver may be robbed meanwhile", "pool_grant.c",
     "        standing->stage = POOL_STANDS_NOWHERE;\n        pool_hide_promises(request);", "        (void)standing;"),
    ("a reload forgets who holds", "pool_hold.c", "    pool_counter_charge(standing);\n", ""),
    ("a reload forgets what holders use", "pool_hold.c", "            pool_share_add_use(tie->share, tie->amount);", "            (void)tie;"),
    ("a reload forgets which seats are offline", "pool_replace.c",
     "    it->lock = old;\n", "    it->lock = old;\n    old->is_offline = false;\n"),
    ("a reload forgets use outside", "pool_replace.c", "        old->successor->outside = old->outside;", "        (void)old;"),
    ("seats that leave stay", "pool_end.c", "        drop(table, pool, seat, now_ms);", "        (void)seat;"),
    ("what a job has is not limited", "pool_rules.c",
     "    charge_each(config, asker, POOL_BY_JOB, LOCK_RULE_LIMIT_JOB, verdict);\n", ""),
    ("a line with together counts only where it is the first", "pool_rules.c",
     "else if (limit->together > 0 &&", "else if (i == 0 && limit->together > 0 &&"),
    ("groups that one line limits are limited as one", "pool_rules.c", ".value = limit->of.items[i],", '.value = "",'),
    ("only the first of several pools is charged", "pool_grant.c",
     "        if (tie->share != NULL)\n            pool_share_charge", "        if (i == 0 && tie->share != NULL)\n            pool_share_charge"),
    ("of several pools only the first may select", "pool_grant.c",
     "        if (standing->ties[i].pool->has_rules)", "        if (i == 0 && standing->ties[i].pool->has_rules)"),
    ("a seat that comes free serves only those who wait for it by its name", "pool_grant.c",
     "node > 0; node /= 2", "node > POOL_ROOT; node /= 2"),
    ("who wants some seats of a pool is not looked for", "pool_grant.c",
     "        best = best_below(pool, 2 * node + 1, best, pick);\n", ""),
    ("who was robbed of a lock does not look again", "collect.c",
     "    seat->state = LOCK_SEAT_NONE;\n    lock_look_again(table, seat->request);\n", "    seat->state = LOCK_SEAT_NONE;\n    (void)table;\n"),
    ("who comes back does not queue", "come_back.c", "        lock_collect(table, request);", "        (void)table;"),
    ("nobody looks again when one has come back", "come_back.c", "        pool_settle(table, now_ms);", "        (void)table;"),
    ("a turn that was not taken is kept", "pool_share.c", "    share->pass = pool->virtual_time;\n    share->pass",
     "    share->pass"),
    ("nobody has a right to his part", "pool_grant.c",
     "pool->config->share.is_set ? best_line(pool, pick_within_part) : NULL", "NULL"),
    ("seats that are kept for others count for a part", "pool_seat.c", "            seats -= pool->classes[i].seats;",
     "            (void)0;"),
    ("what one has by right is charged as a turn", "pool_grant.c", "tie->share != NULL && !is_within_part(tie->share, tie->reserve_class)", "true"),
    ("the weight of who has gone counts", "pool_share.c", ": -(uint64_t)share->weight;", ": 0;"),
    ("offline seats can be had", "pool_grant.c", "room - pool_count_offline(want) -", "room -"),
    ("a request is aside for the first of its pools only", "pool_grant.c",
     "i < standing->want_count; i++) {\n        if (exceeds", "i < 1; i++) {\n        if (exceeds"),
    ("seats that an aside one gave back are not wanted again", "pool_end.c",
     "    withdraw(table, request, was_selected, now_ms);\n    want_all_again(standing);\n    pool_enter",
     "    withdraw(table, request, was_selected, now_ms);\n    pool_enter"),
    ("others who may come in wait for the next change", "pool_end.c", "    if (let_in)\n        pool_resume(table, now_ms);\n    else", ""),
    ("a reload goes by the groups of before", "pool_prepare.c", "        !(set->has_other_groups && pool_groups_matter(config))) {", "        true) {"),
    ("who asks again keeps what was made early for a reload", "renew.c", "        pool_standing_drop_heir(table->pools, request->pooled);\n", ""),
    ("what was made early goes by the groups of then", "pool_heir.c", "standing->heir_changes == membership_changes(request)", "true"),
    ("what was made early is charged seats that were given back", "end.c",
     "        pool_standing_drop_heir(table->pools, request->pooled); /* it is charged with the seat */\n",
     "        (void)request;\n"),
    ("who stays has nothing of who moves in a reload", "pool_prepare.c",
     "        reload->lets_others_in |= pool_move_concerns_others(move->request);", "        (void)reload;"),
    ("who has moved in a reload does not look", "pool_reload.c",
     "        if (standing == NULL || standing->stage == POOL_SELECTED)", "        if (standing == NULL)"),
    ("in a reload one passes who is held up in a pool that stays", "pool_prepare.c", "!tie->pool->is_kept && ", ""),
    ("who moves in a reload keeps what he was promised", "pool_move.c",
     "        if (seat->state == LOCK_SEAT_PROMISED && seat->lock->pool != NULL)\n", "        if (false)\n"),
    ("who moves in a reload stays at the single locks", "pool_move.c",
     "            lock_untake(seat);\n        if (seat->lock != NULL)\n            lock_seat_detach(seat);", "            lock_untake(seat);"),
    ("what is to be kept is given back", "keeping.c", "    return keep != NULL && !is_over(keep, now_ms) &&",
     "    return keep == NULL && !is_over(keep, now_ms) &&"),
    ("what is kept is not broken", "keeping.c", "            reason == LOCK_REASON_JOB_END);",
     "            reason == LOCK_REASON_JOB_END || reason == LOCK_REASON_BREAK);"),
    ("an owner has the seats that it is done with", "pool_own.c", "seat->state != LOCK_SEAT_HELD || seat->is_kept ||",
     "seat->state != LOCK_SEAT_HELD ||"),
    ("a pool's seats are not kept", "end.c", "    if (request->keeps && lock_keep_holds_on(",
     "    if (pool == NULL && request->keeps && lock_keep_holds_on("),
    ("a pool's seat that comes free stays kept", "end.c", "    seat->is_kept = false;\n    if (request->state", "    if (request->state"),
    ("an offline seat is in the way though it would not do", "pool_offline.c", "needed <= most && ", ""),
    ("a boot ends what is kept for a time, too", "keeping.c", "    return !keep->until_boot && keep->until_ms <= now_ms;",
     "    return !keep->until_boot;"),
    ("a time that is over is waited for while a boot is, too", "keeping.c", "    keep->is_timed = !keep->until_boot;",
     "    keep->is_timed = true;"),
    ("a renewal shortens what is kept", "keeping.c", "    if (ask->keep_ms > keep->keep_ms)\n", ""),
    ("an owner is done with all at once", "keeping.c", "keep->kept_count < request->held_count)", "false)"),
    ("an owner finds what it is done with", "query.c", "        if (order == 0 && !seat->is_kept)", "        if (order == 0)"),
    ("what was kept comes free with the rest", "expire.c", "        if (!request->seats[i].is_kept)\n            continue;\n", ""),
    ("the process ends what it is done with", "end.c", "    lock_request_unindex(table, request);\n    lock_nesting_forget",
     "    lock_nesting_forget"),
    ("the most counts from the renewal", "renew.c", "__builtin_add_overflow(request->granted_ms, most_ms, &end_ms)",
     "__builtin_add_overflow(now_ms, most_ms, &end_ms)"),
    ("only the first of several readers goes on", "grant.c", "    } while (is_shared && (first", "    } while (false && (first"),
    ("readers behind a writer that leaves wait on", "grant.c", "            lock_has_readers(seat->lock))", "            false)"),
    ("one that may go on is stuck", "nesting.c", "        if (stays) {", "        if (true || stays) {"),
    ("who waits for his own outer is not seen", "nesting.c", "    return is_short(request, &outers, step);", "    return is_short(request, &outers, step) && false;"),
    ("new groups of a login are not seen", "pool_person.c", "    person->set->has_other_groups |= person->references > asking;", "    (void)asking;"),
)

# Tried one after the other until one fails: program, its environment.
TESTS = (("test_lock_nesting", {}), ("test_lock_table_model", {"FARMLOCK_OPS": "200000"}), ("test_pool_rules", {}), ("test_pool_memberships", {}), ("test_pool_turns", {}), ("test_pool_waits", {})) + tuple(
    ("test_pool_model", {"FARMLOCK_SEED": seed, "FARMLOCK_OPS": OPERATIONS}) for seed in SEEDS)


class Tree:
    """A copy of what the tests are built from; all but what a mutant changes is compiled once."""

    def __init__(self, folder):
        self.folder = folder
        for part in ("lib/base", "lib/lock", "tests/unit/lock", "tests/unit/support"):
            shutil.copytree(ROOT / part, folder / part)
        self.tests = {f"tests/unit/lock/{name}.c" for name, _ in TESTS}
        self.objects = {}
        for path in sorted(folder.rglob("*.c")):
            name = str(path.relative_to(folder))
            if not path.name.startswith("test_") or name in self.tests:
                self.compile(name)

    def compile(self, name):
        """Compiles a source; False where it does not compile."""
        self.objects[name] = str(self.folder / name.replace("/", "_").replace(".c", ".o"))
        return self.run("-O1", "-w", "-c", "-o", self.objects[name], str(self.folder / name)) == 0

    def run(self, *words):
        """Runs the compiler."""
        command = os.environ.get("CC", "cc").split() + ["-std=gnu11", "-D_GNU_SOURCE", f"-I{self.folder}/lib",
                                                        f"-I{self.folder}", f"-I{self.folder}/tests/unit/lock"]
        return subprocess.run(command + list(words), check=False).returncode

    def link(self, test):
        """Returns the program of a test."""
        program = str(self.folder / test)
        others = self.tests - {f"tests/unit/lock/{test}.c"}
        objects = [path for name, path in self.objects.items() if name not in others]
        if self.run("-o", program, *objects, "-lcmocka") != 0:
            raise SystemExit(f"mutants.py: {test} cannot be linked")
        return program

    def caught_by(self):
        """Which test fails, and how often it was tried; a table that hangs is caught too.  None for no test."""
        for test, environment in TESTS:
            program = self.link(test)
            try:
                result = subprocess.run([program], env=dict(os.environ, **environment), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, timeout=300, check=False)
            except subprocess.TimeoutExpired:
                return f"{test}, which hangs"
            if result.returncode != 0:
                return " ".join([test] + [f"{name}={value}" for name, value in environment.items()])
        return None

    def try_mutant(self, mutant):
        """Returns what catches the mutant, or None; the tree is as it was then."""
        _, name, text, replacement = mutant
        path = self.folder / "lib/lock" / name
        original = path.read_text()
        if original.count(text) != 1:
            raise SystemExit(f"mutants.py: {name} has {original.count(text)} of: {text}")
        path.write_text(original.replace(text, replacement))
        try:
            if not self.compile(f"lib/lock/{name}"):
                raise SystemExit(f"mutants.py: {name} does not compile with: {replacement}")
            return self.caught_by()
        finally:
            path.write_text(original)
            self.compile(f"lib/lock/{name}")


def main():
    """Tries all mutants, or those whose numbers are given; TAP."""
    chosen = [int(number) for number in sys.argv[1:]] or range(1, len(MUTANTS) + 1)
    caught = 0
    print(f"1..{len(chosen)}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        tree = Tree(pathlib.Path(name))
        if (test := tree.caught_by()) is not None:
            raise SystemExit(f"mutants.py: {test} fails without any mutant")
        for count, number in enumerate(chosen, 1):
            test = tree.try_mutant(MUTANTS[number - 1])
            caught += test is not None
            print(f"{'ok' if test else 'not ok'} {count} - {MUTANTS[number - 1][0]} # {test or 'lives'}", flush=True)
    print(f"# caught {caught} of {len(chosen)}")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
