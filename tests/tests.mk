# Tests, fuzzers, benches and lint; included by the Makefile.

# A folder for each room, and one for what several share.
UNIT_SOURCES := $(wildcard tests/unit/*/test_*.c)
UNIT_TESTS  := $(UNIT_SOURCES:%.c=$B/%)
UNIT_HELPERS := $(patsubst %.c,$B/obj/%.o,$(filter-out $(UNIT_SOURCES),$(wildcard tests/unit/*/*.c)))
E2E_TESTS   := $(wildcard tests/e2e/test_*.py)
# A plugin with a sanitizer cannot be loaded by a program without one.
CLUSTER_TESTS := $(if $(SLURM),$(if $(filter asan tsan,$(VARIANT)),,$(wildcard tests/cluster/test_*.py)))
LINT_TESTS  := $(wildcard tests/lint/test_*.py)
LONG_TESTS  := $(filter %/test_store_failure %/test_store_simulation,$(UNIT_TESTS)) \
               $(filter %/test_crash.py %/test_lockersh_restart.py,$(E2E_TESTS))
PRELOADS    := $(patsubst tests/support/%.c,$B/tests/%.so,$(wildcard tests/support/*.c))
FUZZERS     := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_HELPERS := meter link grpc
BENCH_LOADS := $(patsubst tests/bench/%.c,$B/tests/bench/%,\
                 $(filter-out $(BENCH_HELPERS:%=tests/bench/%.c),$(wildcard tests/bench/*.c)))
# Tests wait more than they work: with as many at a time as there are processors, these are idle for
# a third of the time.
TEST_JOBS ?= $(shell echo $$(($(JOBS) + ($(JOBS) + 1) / 2)))
TEST_ENV = FARMLOCK_BUILD=$(CURDIR)/$B CMOCKA_MESSAGE_OUTPUT=TAP

# ---- building -------------------------------------------------------------------------------

$B/tests/unit/%: $B/obj/tests/unit/%.o $(UNIT_HELPERS) $(INTERNAL)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) $(TEST_LDFLAGS) -o $@ \
	    $(filter-out $(INTERNAL),$^) $(INTERNAL) $$($(PKG_CONFIG) --libs cmocka) $(LIBS)

# Load for the benches.
$B/tests/bench/%: $B/obj/tests/bench/%.o $(BENCH_HELPERS:%=$B/obj/tests/bench/%.o)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) -o $@ $^

# Layers under a program, for LD_PRELOAD.
$B/tests/%.so: $B/obj/tests/support/%.o
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) -shared $(LDFLAGS) -o $@ $< -ldl

# What they test of a program or of the plugin; all of lib/ is linked anyway.
TESTED_OF = $(patsubst %,$B/obj/%.o,$(1))
$B/tests/unit/lockersh/test_job_list: $(call TESTED_OF,wrappers/lockersh/job_list)
$B/tests/unit/lockersh/test_patience: $(call TESTED_OF,wrappers/lockersh/patience)
$B/tests/unit/lockreap/test_rule: $(call TESTED_OF,wrappers/lockreap/rule)
$B/tests/unit/locksync/test_seat_map: $(call TESTED_OF,wrappers/locksync/seat_map)
$B/tests/unit/pidwatch/test_shell_line: $(call TESTED_OF,wrappers/pidwatch/shell_line)
$B/tests/unit/slurm/test_job_claims: $(call TESTED_OF,wrappers/slurm/job_claims)
$B/tests/unit/spank-plugin/test_contact: $(call TESTED_OF,spank-plugin/contact)
$B/tests/unit/spank-plugin/test_peer_watch: $(call TESTED_OF,spank-plugin/peer_watch spank-plugin/peer_port)
$B/tests/unit/spank-plugin/test_settings: $(call TESTED_OF,spank-plugin/settings)
$B/tests/unit/spank-plugin/test_witness: $(call TESTED_OF,spank-plugin/witness)
$B/tests/unit/uriexec/test_tie_word: $(call TESTED_OF,wrappers/uriexec/tie_word)

# Its allocations fail on demand.
$B/tests/unit/lock/test_lock_table_memory: \
    TEST_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup

# What they measure reports every basic block that it runs.
$B/obj/counted/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call say,CC   $@)$(CC) $(ALL_CFLAGS) -fsanitize-coverage=trace-pc -c -o $@ $<
$B/tests/unit/lock/test_lock_table_cost: \
    $(patsubst %.c,$B/obj/counted/%.o,$(wildcard lib/lock/*.c) lib/base/tree.c)
$B/tests/unit/pidstat/test_asker_question: $B/obj/counted/lib/pidstat/question.o

# ---- running --------------------------------------------------------------------------------

.PHONY: check check-run
check: deps
	@$(MAKE) --no-print-directory -j$(JOBS) check-build
	@$(MAKE) --no-print-directory check-run

.PHONY: check-build
check-build: all $(UNIT_TESTS) $(PRELOADS)

# One runner over everything, so that one closing line speaks for the whole run.
check-run:
	@$(TEST_ENV) $(PROVE) -j$(TEST_JOBS) -e '' $(CLUSTER_TESTS) $(LINT_TESTS) $(UNIT_TESTS) $(E2E_TESTS)

.PHONY: check-unit
check-unit: $(UNIT_TESTS)
	@$(TEST_ENV) $(PROVE) -j$(JOBS) -e '' $(UNIT_TESTS)

# What takes longer than ten minutes.
.PHONY: check-long
check-long: deps
	@$(MAKE) --no-print-directory -j$(JOBS) check-build
	@$(TEST_ENV) FARMLOCK_LONG=1 $(PROVE) -j$(JOBS) -e '' $(LONG_TESTS)

VALGRIND := valgrind -q --error-exitcode=99 --suppressions=tests/unit/valgrind.supp \
            --leak-check=full \
            --show-leak-kinds=definite,indirect,possible \
            --errors-for-leak-kinds=definite,indirect,possible
.PHONY: check-valgrind
check-valgrind: $(UNIT_TESTS)
	@$(TEST_ENV) FARMLOCK_SLOW=1 $(PROVE) -j$(JOBS) -e '$(VALGRIND)' $(UNIT_TESTS)

.PHONY: check-e2e
check-e2e: all $(PRELOADS)
	@$(TEST_ENV) $(PROVE) -j$(TEST_JOBS) -e '' $(E2E_TESTS)

# On a real Slurm cluster of two nodes, which the tests start.
.PHONY: check-cluster check-cluster-run
check-cluster: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(MAKE) --no-print-directory check-cluster-run
check-cluster-run:
	@$(TEST_ENV) $(PROVE) -j$(TEST_JOBS) -e '' $(CLUSTER_TESTS)

# In a root of another Debian release, on that release's Slurm; as root.  TESTS names some of them.
TESTS ?= $(CLUSTER_TESTS) $(UNIT_TESTS) $(E2E_TESTS)
.PHONY: check-slurm check-slurm-run
check-slurm:
	@[ -n '$(RELEASE)' ] || { echo 'check-slurm: say RELEASE=trixie or RELEASE=sid' >&2; exit 64; }
	@setpriv --pdeathsig TERM sh .ci/release $(RELEASE) \
	    sh -c '.ci/deps build test slurm && make -j$(JOBS) WERROR=$(WERROR) check-build && exec "$$@"' check-slurm \
	    make --no-print-directory check-slurm-run $(if $(filter command line,$(origin TESTS)),TESTS='$(TESTS)')
check-slurm-run:
	@slurmd -V
	@$(TEST_ENV) $(PROVE) -j$(JOBS) -e '' $(TESTS)

# FUZZ_SECONDS is for all of them together; an input that fails is kept in build/fuzz/found.
FUZZ_SECONDS ?= 60
FUZZ_FLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
    -fno-omit-frame-pointer
FUZZ_CFLAGS = $(LANGUAGE) -MMD -MP $(PKG_CFLAGS) $(FUZZ_FLAGS) $(CPPFLAGS)
build/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC   $@)clang $(FUZZ_CFLAGS) -c -o $@ $<
$(FUZZERS:%=build/fuzz/%): build/fuzz/%: build/fuzz/obj/tests/fuzz/fuzz_%.o \
    $(patsubst %.c,build/fuzz/obj/%.o,$(wildcard lib/*/*.c) wrappers/slurm/job_claims.c wrappers/locksync/seat_map.c)
	$(call say,LD   $@)clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
-include $(shell find build/fuzz/obj -name '*.d' 2>/dev/null)

.PHONY: fuzz
fuzz: $(FUZZERS:%=build/fuzz/%)
	@for name in $(FUZZERS); do \
	    log=build/fuzz/$$name.log; mkdir -p build/fuzz/found build/fuzz/corpus/$$name; \
	    build/fuzz/$$name -max_total_time=$$(($(FUZZ_SECONDS) / $(words $(FUZZERS)))) -timeout=10 \
	        -print_final_stats=1 -artifact_prefix=build/fuzz/found/$$name- \
	        build/fuzz/corpus/$$name tests/fuzz/corpus/$$name >$$log 2>&1 || \
	        { tail -n 40 $$log; exit 1; }; \
	    echo "  $$name: $$(sed -n 's/^stat::number_of_executed_units: *//p' $$log) inputs"; done

# WORK names some of the works, as in WORK='once kept'; else the table is of all.
.PHONY: bench
bench:
	@sh .ci/deps build bench
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(BENCH_LOADS)
	@$(TEST_ENV) tests/bench/bench.py $(if $(FULL),--full) $(WORK)
	@$(if $(FULL),$(TEST_ENV) tests/bench/bench_state.py)

# Ratios with a wide margin: what doubles a cost fails.
.PHONY: bench-check
bench-check:
	@sh .ci/deps build test
	@$(MAKE) --no-print-directory -s -j$(JOBS) all $(BENCH_LOADS)
	@$(TEST_ENV) tests/bench/bench.py --check $(WORK)

# ---- lint -----------------------------------------------------------------------------------

C_SOURCES := $(wildcard lib/*.[ch] lib/*/*.[ch] daemons/*.[ch] wrappers/*/*.[ch] \
               spank-plugin/*.[ch] tests/unit/*/*.[ch] tests/support/*.c tests/fuzz/*.[ch] \
               tests/bench/*.[ch] examples/*.c examples/*/*.c)
PY_SOURCES := $(wildcard tests/*/*.py)
SH_SOURCES := .ci/run .ci/deps .ci/release share/dashboard/lockfeed $(wildcard examples/*.sh examples/*/*.sh tests/*/*.sh)

.PHONY: format
format:
	clang-format -i $(C_SOURCES)

# cppcheck does not read <sys/queue.h> and takes its loops for uses of unset variables; the
# compilers and clang-tidy look for those.
.PHONY: lint
lint:
	@sh .ci/deps build test slurm lint
	@$(MAKE) --no-print-directory -s -j$(JOBS) check-build
	@tests/lint/rooms.py --objects $B/obj --check ARCHITECTURE.md
	@wc -l $(C_SOURCES) $(PY_SOURCES) | awk '$$1 > 450 && $$2 != "total" { \
	    print "lint: " $$2 " has " $$1 " lines, more than 450: is it still one noun?"; bad = 1 } \
	    END { exit bad }'
	@clang-format --dry-run -Werror $(C_SOURCES)
	@cppcheck -q --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability \
	    --suppress=missingIncludeSystem --suppress=uninitvar -Ilib -Iwrappers -I. -D_GNU_SOURCE -DFARMLOCK_VERSION='""' \
	    lib daemons wrappers spank-plugin
	@printf '%s\n' $(filter-out tests/%,$(filter %.c,$(C_SOURCES))) | xargs -P$(JOBS) -n4 \
	    sh -c 'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- -std=gnu11 -D_GNU_SOURCE \
	    -DFARMLOCK_VERSION=\"\" $(INCLUDES) -idirafter lib 2>/dev/null' lint
	@shellcheck $(SH_SOURCES)
	@mandoc -T lint -W warning $(MAN_PAGES)
	@echo 'lint: nothing to complain about'
