# Tests, fuzzers, benches and lint; included by the Makefile.

# A folder for each room, and one for what several share.
UNIT_FILES  := $(filter-out $(if $(ETCD),,tests/unit/store_etcd/%),$(wildcard tests/unit/*/*.c))
UNIT_SOURCES := $(foreach file,$(UNIT_FILES),$(if $(filter test_%,$(notdir $(file))),$(file)))
UNIT_TESTS  := $(UNIT_SOURCES:%.c=$B/%)
UNIT_HELPERS := $(patsubst %.c,$B/obj/%.o,$(filter-out $(UNIT_SOURCES),$(UNIT_FILES)))
# Those of nothing but a state in etcd are not there without.
E2E_TESTS   := $(filter-out $(if $(ETCD),,tests/e2e/test_soak_replicated.py tests/e2e/test_soak_etcd.py),$(wildcard tests/e2e/test_*.py))
# A plugin with a sanitizer cannot be loaded by a program without one.
CLUSTER_TESTS := $(if $(SLURM),$(if $(filter asan tsan fuzz,$(VARIANT)),,$(wildcard tests/cluster/test_*.py)))
LINT_TESTS  := $(wildcard tests/lint/test_*.py)
# Minutes: not in `make check`.
ETCD_SOAKS  := $(if $(ETCD),$(filter %/test_soak_replicated.py %/test_soak_etcd.py,$(E2E_TESTS)))
# Crashes, failing disks, hostile neighbours: what CI runs of the tests that take longer.
CRASH_TESTS := $(ETCD_SOAKS) $(if $(ETCD),$(filter %/test_etcd_crash.py,$(E2E_TESTS))) \
               $(filter %/test_store_failure %/test_store_simulation,$(UNIT_TESTS)) \
               $(filter $(addprefix %/test_,$(addsuffix .py,crash crash_pools lockersh_restart soak)),$(E2E_TESTS))
LONG_TESTS  := $(CRASH_TESTS) tests/unit/lock/mutants.py $(if $(ETCD),tests/unit/store_etcd/mutants.py) \
               $(filter $(addprefix %/test_,$(addsuffix .py,config_reload damaged_state fair_checks hostile_server leaks pool_day reproducible stopped units)),$(E2E_TESTS))
# Half a minute and more each, most of it waiting for what is to happen, or not to happen, in farms,
# shells and networks of all kinds: more than the ten minutes of `make check` have room for.
SLOW_TESTS  := $(filter $(addprefix tests/cluster/test_,$(addsuffix .py,lockersh_limit lockreap \
                   pidwatch_allocation pidwatch_cgroups pidwatch_hostile pidwatch_hosts pidwatch_private_tmp \
                   pidwatch_quiet pidwatch_settings \
                   pidwatch_steps slurm_releases)),$(CLUSTER_TESTS)) \
               $(filter $(addprefix tests/e2e/test_,$(addsuffix .py,damaged_state gridengine \
                   history_times hostile_server http_quiet lockerd_clock lockerd_costs lockerd_deaf lockerd_history lockerd_silence \
                   lockersh_limits lockersh_nested lockflex_service munge_later pidstatd pidwatch_ends \
                   pidwatch_terminal release scarce stopped uriexec_hops uriexec_shells uriexec_tie)),$(E2E_TESTS))
PRELOADS    := $(patsubst tests/support/%.c,$B/tests/%.so,$(wildcard tests/support/*.c))
FUZZERS     := $(filter-out $(if $(ETCD),,etcd_%),$(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
BENCH_HELPERS := meter link grpc
# A farm in a box, which has pidstatd's own way with datagrams.
FARM_PARTS  := farm_plan farm_timer farm_words farm_client farm_nodes
FARM_LOAD   := $B/tests/bench/farm_load
FARM_LOADS  := $(FARM_LOAD) $B/tests/bench/load_tcp
BENCH_LOADS := $(patsubst tests/bench/%.c,$B/tests/bench/%,\
                 $(filter-out $(patsubst %,tests/bench/%.c,$(BENCH_HELPERS) $(FARM_PARTS)),$(wildcard tests/bench/*.c)))
# Tests wait more than they work: with three at a time for each processor, these are idle for most of
# the time.
TEST_JOBS ?= $(shell echo $$((3 * $(JOBS))))
# Clients' files of this machine are not the tests'.
TEST_ENV = FARMLOCK_BUILD=$(CURDIR)/$B CMOCKA_MESSAGE_OUTPUT=TAP FARMLOCK_CONF=none

# ---- building -------------------------------------------------------------------------------

$B/tests/unit/%: $B/obj/tests/unit/%.o $(UNIT_HELPERS) $(INTERNAL)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) $(TEST_LDFLAGS) -o $@ \
	    $(filter-out $(INTERNAL),$^) $(INTERNAL) $$($(PKG_CONFIG) --libs cmocka) $(LIBS)

# Load for the benches.
$B/tests/bench/%: $B/obj/tests/bench/%.o $(BENCH_HELPERS:%=$B/obj/tests/bench/%.o)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(if $(filter $(FARM_LOAD),$@),$(LIBS))
$(FARM_LOAD): $(FARM_PARTS:%=$B/obj/tests/bench/%.o) $(INTERNAL)

# Layers under a program, for LD_PRELOAD: without a sanitizer, as shells and daemons of others that the
# program starts have none.
$B/obj/tests/support/%.o: private VARIANT_FLAGS := $(filter-out -fsanitize=% -fno-sanitize%,$(VARIANT_FLAGS))
$B/tests/%.so: $B/obj/tests/support/%.o
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) -shared $(LDFLAGS) -o $@ $< -ldl

# The soak's jobs.
SOAK_JOB := $B/tests/soak/soak-job
$(SOAK_JOB): $B/obj/tests/soak/job.o
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) -o $@ $^

# What asks etcd as lockerd does, and what leads there.
ETCD_PROGRAMS := $(if $(ETCD),$(addprefix $B/tests/etcd/,ask lead stand))
$B/tests/etcd/%: $B/obj/tests/etcd/%.o $(INTERNAL)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# What they test of a program or of the plugin; all of lib/ is linked anyway.
TESTED_OF = $(patsubst %,$B/obj/%.o,$(1))
$B/tests/unit/gridengine/test_consumable: $(call TESTED_OF,wrappers/gridengine/consumable)
$B/tests/unit/gridengine/test_job_table: $(call TESTED_OF,wrappers/gridengine/job_table)
LOCKFLEX_LISTS := $(addprefix wrappers/lockflex/,span lmstat_line machine_name use reading)
LOCKFLEX_TALLY := $(addprefix wrappers/lockflex/,feature_map standing tally)
$B/tests/unit/lockflex/test_lmstat_line: $(call TESTED_OF,$(LOCKFLEX_LISTS))
$B/tests/unit/lockflex/test_reading: $(call TESTED_OF,$(LOCKFLEX_LISTS))
$B/tests/unit/lockflex/test_tally: $(call TESTED_OF,$(LOCKFLEX_LISTS) $(LOCKFLEX_TALLY) wrappers/scheduler/map_refusal)
LOCKTABLE := $(addprefix wrappers/locktable/,column filter format layout offline_lines row table tally view)
$B/tests/unit/lockersh/test_picked_json: $(call TESTED_OF,wrappers/lockersh/picked_json wrappers/locktable/filter)
$B/tests/unit/locktable/test_layout: $(call TESTED_OF,wrappers/locktable/layout)
$B/tests/unit/locktable/test_view: $(call TESTED_OF,$(LOCKTABLE))
$B/tests/unit/lockersh/test_patience: $(call TESTED_OF,wrappers/lockersh/patience)
$B/tests/unit/lockersh/test_conversation: $(call TESTED_OF,$(addprefix wrappers/lockersh/,conversation progress wait_text))
$B/tests/unit/lockreap/test_rule: $(call TESTED_OF,wrappers/lockreap/rule)
$B/tests/unit/lockreport/test_tally: $(call TESTED_OF,$(addprefix wrappers/lockreport/,tally lengths))
$B/tests/unit/lockreport/test_occupancy: $(call TESTED_OF,$(addprefix wrappers/lockreport/,occupancy time_heap span))
$B/tests/unit/scheduler/test_job_claims: $(call TESTED_OF,wrappers/scheduler/job_claims)
$B/tests/unit/scheduler/test_seat_map: $(call TESTED_OF,wrappers/scheduler/seat_map wrappers/scheduler/map_refusal)
$B/tests/unit/spank-plugin/test_allocator: $(call TESTED_OF,spank-plugin/allocator)
$B/tests/unit/spank-plugin/test_contact: $(call TESTED_OF,spank-plugin/contact)
$B/tests/unit/spank-plugin/test_peer_watch: $(call TESTED_OF,spank-plugin/peer_watch spank-plugin/peer_port)
$B/tests/unit/spank-plugin/test_settings: $(call TESTED_OF,spank-plugin/settings)
$B/tests/unit/spank-plugin/test_witness: $(call TESTED_OF,spank-plugin/witness)
$B/tests/unit/uriexec/test_launcher: $(call TESTED_OF,wrappers/uriexec/launcher)
$B/tests/unit/uriexec/test_tie_word: $(call TESTED_OF,wrappers/uriexec/tie_word)

# They read and write etcd's messages themselves.
$(patsubst %.c,$B/obj/%.o,$(filter tests/unit/store_etcd/%,$(UNIT_FILES))): | $(GENERATED)

# Its allocations fail on demand.
$B/tests/unit/lock/test_lock_table_memory: \
    TEST_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup

# Its calls are numbered from where they come to an end.
$B/tests/unit/store_etcd/test_etcd_grpc: TEST_LDFLAGS = -Wl,--wrap=nghttp2_session_client_new

# What they measure reports every basic block that it runs.
$B/obj/counted/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call say,CC   $@)$(CC) $(ALL_CFLAGS) -fsanitize-coverage=trace-pc -c -o $@ $<
$(addprefix $B/tests/unit/lock/,test_lock_table_cost test_pool_cost test_pool_reload_cost): \
    $(patsubst %.c,$B/obj/counted/%.o,$(wildcard lib/lock/*.c) lib/base/tree.c)
$B/tests/unit/server/test_request_cost: \
    $(patsubst %.c,$B/obj/counted/%.o,$(wildcard lib/server/*.c lib/lock/*.c lib/base/*.c))
$B/tests/unit/pidstat/test_asker_question: $B/obj/counted/lib/pidstat/question.o

# ---- running --------------------------------------------------------------------------------

.PHONY: check check-run
check: deps
	@$(MAKE) --no-print-directory -j$(JOBS) check-build
	@$(MAKE) --no-print-directory check-run

.PHONY: check-build
# Fuzzers link with clang alone, but what they call must not move away from them.
FUZZERS_BUILT := $(if $(filter fuzz,$(VARIANT)),$(FUZZERS:%=$B/%),$(FUZZERS:%=$B/obj/tests/fuzz/fuzz_%.o))
check-build: all $(UNIT_TESTS) $(PRELOADS) $(SOAK_JOB) $(FARM_LOADS) $(ETCD_PROGRAMS) $(FUZZERS_BUILT)

# One runner over everything, so that one closing line speaks for the whole run.
ALL_TESTS = $(filter-out $(SLOW_TESTS) tests/e2e/test_soak_replicated.py tests/e2e/test_soak_etcd.py,$(CLUSTER_TESTS) $(LINT_TESTS) $(UNIT_TESTS) $(E2E_TESTS))
check-run:
	@$(TEST_ENV) $(PROVE) -j$(TEST_JOBS) -e '' $(ALL_TESTS)

# The rest; the longest of them first, or it goes on alone at the end.
.PHONY: check-slow
check-slow: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all $(PRELOADS)
	@$(TEST_ENV) $(PROVE) -j$(TEST_JOBS) -e '' \
	    $(filter $(LONG_CLUSTER),$(SLOW_TESTS)) $(filter-out $(LONG_CLUSTER),$(SLOW_TESTS))

# Models take fewer steps where each costs many times as much; all of them are in `make check`.
UNIT_PACE := $(if $(filter asan tsan fuzz,$(VARIANT)),FARMLOCK_SLOW=1 FARMLOCK_OPS=200000)
.PHONY: check-unit
check-unit: $(UNIT_TESTS)
	@$(TEST_ENV) $(UNIT_PACE) $(PROVE) -j$(JOBS) -e '' $(UNIT_TESTS)

# What takes longer than ten minutes.
.PHONY: check-long
check-long: deps
	@$(MAKE) --no-print-directory -j$(JOBS) check-build
	@$(MAKE) --no-print-directory check-slow
	@$(TEST_ENV) FARMLOCK_LONG=2 $(PROVE) -j$(JOBS) -e '' $(LONG_TESTS)
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=asan check-asan
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=tsan check-tsan
	@$(MAKE) --no-print-directory check-rpm
	@for release in bookworm trixie; do $(MAKE) --no-print-directory check-packages RELEASE=$$release || exit 1; done

# Two builds, in other folders, at other times, by others, have the same bytes; packages, too, where
# there is what makes them.
.PHONY: check-reproducible
check-reproducible:
	@$(TEST_ENV) FARMLOCK_LONG=1 $(PROVE) -v -e '' tests/e2e/test_reproducible.py

# What no test holds: a room is broken in one place after the other.  MUTANTS='3 17' tries some of
# MUTATED='lock'.
MUTATED ?= lock $(if $(ETCD),store_etcd)
.PHONY: check-mutants
check-mutants:
	@for room in $(MUTATED); do tests/unit/$$room/mutants.py $(MUTANTS) || exit 1; done

.PHONY: check-crash
check-crash: all $(CRASH_TESTS) $(PRELOADS) $(SOAK_JOB) $(ETCD_PROGRAMS)
	@$(TEST_ENV) FARMLOCK_LONG=1 $(PROVE) -j$(TEST_JOBS) -e '' $(CRASH_TESTS)

# Programs with ASan and UBSan, whose leaks count as faults; test_scarce.py takes away the memory
# that the sanitizer itself needs, and what measures times or stack measures its cost.
ASAN_E2E := $(filter-out $(addprefix %/test_,$(addsuffix .py,scarce leaks install reproducible deps completions \
    manuals manual_examples page page_keys page_live readme soak soak_etcd soak_replicated)),$(E2E_TESTS))
.PHONY: check-asan
check-asan: all $(PRELOADS) $(SOAK_JOB) $(FARM_LOADS) $(ETCD_PROGRAMS)
	@$(TEST_ENV) $(SANITIZED) $(PROVE) -j$(TEST_JOBS) -e '' $(ASAN_E2E)

# Whoever has threads, the stores, the resolver and who checks credentials, with TSan.
TSAN_UNIT := $(filter $B/tests/unit/store/% $B/tests/unit/store_etcd/% \
    %/test_resolver %/test_client_script %/test_pidstat_asker,$(UNIT_TESTS))
TSAN_E2E := $(filter $(addprefix %/test_,$(addsuffix .py,crash http http_events http_lists lockerd_history state_file \
    lockersh_servers etcd_lockerd etcd_crash lockerd_munge munge_outages)),$(E2E_TESTS))
.PHONY: check-tsan
check-tsan: all $(TSAN_UNIT) $(PRELOADS) $(ETCD_PROGRAMS)
	@$(TEST_ENV) $(SANITIZED) $(PROVE) -j$(TEST_JOBS) -e '' $(TSAN_UNIT) $(TSAN_E2E)

# A layer that is preloaded comes before the sanitizer, which is no fault here.
SANITIZED := ASAN_OPTIONS=verify_asan_link_order=0 TSAN_OPTIONS=halt_on_error=1

VALGRIND := valgrind -q --error-exitcode=99 --suppressions=tests/unit/valgrind.supp \
            --leak-check=full \
            --show-leak-kinds=definite,indirect,possible \
            --errors-for-leak-kinds=definite,indirect,possible
.PHONY: check-valgrind
check-valgrind: $(UNIT_TESTS)
	@$(TEST_ENV) FARMLOCK_SLOW=1 $(PROVE) -j$(JOBS) -e '$(VALGRIND)' $(UNIT_TESTS)

.PHONY: check-e2e
check-e2e: all $(PRELOADS) $(SOAK_JOB) $(FARM_LOADS) $(ETCD_PROGRAMS)
	@$(TEST_ENV) $(PROVE) -j$(TEST_JOBS) -e '' $(E2E_TESTS)

# On a real Slurm cluster of two nodes, which the tests start.
.PHONY: check-cluster check-cluster-run
check-cluster: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(MAKE) --no-print-directory check-cluster-run
check-cluster-run:
	@$(TEST_ENV) $(PROVE) -j$(TEST_JOBS) -e '' $(CLUSTER_TESTS)

# In a root of another Debian release, on that release's Slurm; as root.  TESTS names some of them;
# SLURM_TESTS are those of what differs between releases, which need less than all.
# The longest come first, or one of them goes on alone at the end.
LONG_CLUSTER := $(filter %/test_pidwatch_settings.py %/test_pidwatch_cgroups.py %/test_pidwatch_quiet.py,$(CLUSTER_TESTS))
# Of the unit tests, those of rooms with a library or a kernel's form that differs.
SLURM_UNIT := $(filter-out $(CRASH_TESTS),$(filter $(addprefix $B/tests/unit/,$(addsuffix /%,\
    auth config job list process server spank-plugin store store_etcd)),$(UNIT_TESTS)))
SLURM_TESTS := $(LONG_CLUSTER) $(filter-out $(LONG_CLUSTER),$(CLUSTER_TESTS)) $(SLURM_UNIT) \
    $(filter $(addprefix %/test_,$(addsuffix .py,etcd_calls etcd_tls etcd_users install lockersh_jobs lockreap_named manuals)),$(E2E_TESTS))
TESTS ?= $(CLUSTER_TESTS) $(UNIT_TESTS) $(E2E_TESTS)
ifeq ($(value TESTS),$$(SLURM_TESTS))
SLURM_DEPS := unit etcd members slurm
SLURM_BUILT := all $(SLURM_UNIT) $(PRELOADS) $(ETCD_PROGRAMS)
else
SLURM_DEPS := build etcd test slurm
SLURM_BUILT := check-build
endif
.PHONY: check-slurm check-slurm-ready check-slurm-build check-slurm-run
SLURM_READY := .ci/deps $(SLURM_DEPS) && make -j$(JOBS) "$$@" check-slurm-build
IN_SLURM_ROOT = @[ -n '$(RELEASE)' ] || { echo '$@: say RELEASE=trixie or RELEASE=sid' >&2; exit 64; }; \
	setpriv --pdeathsig TERM sh .ci/release $(RELEASE) sh -c '$(1)' $@ WERROR=$(WERROR) PROVE='$(PROVE)' \
	    $(if $(filter command line,$(origin TESTS)),TESTS='$(value TESTS)')
check-slurm:
	$(call IN_SLURM_ROOT,$(SLURM_READY) && make "$$@" demo && exec make --no-print-directory "$$@" check-slurm-run)
# The root, and what is built there.
check-slurm-ready:
	$(call IN_SLURM_ROOT,$(SLURM_READY))
check-slurm-build: $(SLURM_BUILT)
check-slurm-run:
	@slurmd -V
	@$(TEST_ENV) $(PROVE) --timer -j$(TEST_JOBS) -e '' $(TESTS)

# FUZZ_SECONDS is for all of them together, FUZZ_JOBS at a time; an input that fails is kept in
# build/fuzz/found.  FUZZ names some of them, as in FUZZ='words state_file'.
FUZZ ?= $(FUZZERS)
FUZZ_SECONDS ?= 90
FUZZ_JOBS ?= $(JOBS)
# What they test of programs and of the plugin: the linker takes what is asked for.
FUZZED := $(patsubst %.c,$B/obj/%.o,$(filter-out $(if $(SLURM),,wrappers/slurm/%),$(wildcard wrappers/*/*.c)) spank-plugin/contact.c)
ifeq ($(VARIANT),fuzz)
$B/fuzzed.a: $(FUZZED)
	$(call say,AR   $@)rm -f $@ && $(AR) rcs $@ $^
$(FUZZERS:%=$B/%): $B/%: $B/obj/tests/fuzz/fuzz_%.o $B/fuzzed.a $(INTERNAL)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
endif

.PHONY: fuzz
fuzz:
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=fuzz $(FUZZ:%=build/fuzz/%)
	@printf '%s\n' $(FUZZ) | xargs -P$(FUZZ_JOBS) -I{} tests/fuzz/run.sh {} \
	    $$(($(FUZZ_SECONDS) * $(FUZZ_JOBS) / $(words $(FUZZ))))

# Random clients, faults and hostile neighbours, and a judge of what the clients have seen; as root
# with networks that break.  STATE=etcd has lockerd keep its state there.
SECONDS ?= 120
.PHONY: soak
soak: all $(SOAK_JOB)
	@$(TEST_ENV) tests/soak/soak.py --seconds $(SECONDS) $(if $(filter etcd,$(STATE)),--etcd) $(if $(SEED),--seed $(SEED))

.PHONY: soak-replicated
soak-replicated: all $(SOAK_JOB) $(PRELOADS)
	@$(TEST_ENV) tests/soak/replicated.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

# WORK names some of the works, as in WORK='once kept'; else the table is of all.  FARM plays a farm's
# day instead, of DAY seconds, of ENGINES='sqlite etcd' or one of these.
FARM_SIZE = $(if $(JOBS_A_DAY),--jobs $(JOBS_A_DAY)) $(if $(NODES),--nodes $(NODES))
.PHONY: bench
bench:
	@sh .ci/deps build bench
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(BENCH_LOADS) $B/tests/long_pass.so
ifneq ($(FARM),)
	@$(TEST_ENV) tests/bench/farm_box.py $(if $(DAY),--day $(DAY)) $(if $(SEED),--seed $(SEED)) $(FARM_SIZE) $(ENGINES)
else
	@$(TEST_ENV) tests/bench/bench.py $(if $(FULL),--full) $(WORK)
	@$(if $(FULL),$(TEST_ENV) tests/bench/bench_state.py)
endif

# Ratios with a wide margin: what doubles a cost fails.
.PHONY: bench-check
bench-check:
	@sh .ci/deps build test
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(BENCH_LOADS)
	@$(TEST_ENV) tests/bench/bench.py --check $(WORK)

# ---- lint -----------------------------------------------------------------------------------

C_SOURCES := $(wildcard lib/*.[ch] lib/*/*.[ch] lib/store/etcd/*.[ch] daemons/*.[ch] wrappers/*/*.[ch] \
               spank-plugin/*.[ch] tests/unit/*/*.[ch] tests/support/*.c tests/fuzz/*.[ch] tests/soak/*.c tests/etcd/*.[ch] \
               tests/bench/*.[ch] examples/*.c examples/*/*.c)
PY_SOURCES := $(wildcard tests/*/*.py examples/*/*.py)
# One file, so that it can be laid beside a script, whatever its length; flaws of it pyflakes finds.
PY_MODULE  := wrappers/python/farmlock.py
PAGE_SOURCES := $(wildcard share/dashboard/*.js share/dashboard/*.css share/dashboard/*.html)
SH_SOURCES := .ci/run .ci/deps .ci/prove .ci/gridengine .ci/promtool .ci/release share/dashboard/lockfeed share/dashboard/join share/packaging/changelog \
              $(wildcard examples/*.sh examples/*/*.sh tests/*/*.sh)

.PHONY: format
format:
	clang-format -i $(C_SOURCES)

# cppcheck does not read <sys/queue.h> and takes its loops for uses of unset variables; the
# compilers and clang-tidy look for those.
.PHONY: lint
lint:
	@sh .ci/deps build etcd test slurm lint
	@$(MAKE) --no-print-directory -s -j$(JOBS) check-build
	@tests/lint/rooms.py --objects $B/obj --check ARCHITECTURE.md
	@wc -l $(C_SOURCES) $(PY_SOURCES) $(TCL_FILES) $(PAGE_SOURCES) | awk '$$1 > 450 && $$2 != "total" { \
	    print "lint: " $$2 " has " $$1 " lines, more than 450: is it still one noun?"; bad = 1 } \
	    END { exit bad }'
	@! grep -nE '\bassert_(not_)?in_(range|set)\(|\bstop\(' tests/unit/*/*.[ch] || \
	    { echo 'lint: cmocka 2 has deprecated these, or macros of that name'; exit 1; }
	@clang-format --dry-run -Werror $(C_SOURCES)
	@cppcheck -q --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability \
	    --suppress=missingIncludeSystem --suppress=uninitvar --suppress=ctuuninitvar -Ilib -Iwrappers -I. -D_GNU_SOURCE -DFARMLOCK_VERSION='""' \
	    lib daemons wrappers spank-plugin
	@printf '%s\n' $(filter-out tests/%,$(filter %.c,$(C_SOURCES))) | xargs -P$(JOBS) -n4 \
	    sh -c 'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- -std=gnu11 -D_GNU_SOURCE \
	    -DFARMLOCK_VERSION=\"\" $(INCLUDES) -idirafter lib 2>/dev/null' lint
	@shellcheck $(SH_SOURCES)
	@! command -v node >/dev/null || for file in $(filter %.js,$(PAGE_SOURCES)); do node --check $$file || exit 1; done
	@pyflakes3 $(PY_MODULE) $(PY_SOURCES)
	@mandoc -T lint -W warning $(filter-out %.n,$(MAN_PAGES))
	@sed 's/^\.Dt \(.*\) n$$/.Dt \1 3/' $(filter %.n,$(MAN_PAGES)) | mandoc -T lint -W warning
	@echo 'lint: nothing to complain about'
