# farmlock: builds everything under build/, tests it, installs it.
#
#   make demo     see it work (installs what is missing, as root)
#   make check    build and run every test that fits in ten minutes
#   make help     the other targets
#
# CC, CFLAGS, LDFLAGS, PREFIX and DESTDIR are yours to set.  VARIANT=asan, tsan or clang builds
# beside the normal build, in build/VARIANT.  WITH_SLURM=0 leaves out what is about Slurm.

VERSION   := 0.1.0
SOVERSION := 0

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
LIBDIR  ?= $(PREFIX)/lib
INCDIR  ?= $(PREFIX)/include
MANDIR  ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/farmlock
DOCDIR  ?= $(PREFIX)/share/doc/farmlock
UNITDIR ?= $(PREFIX)/lib/systemd/system
COMPDIR ?= $(PREFIX)/share/bash-completion/completions

PKG_CONFIG ?= pkg-config
INSTALL    ?= install
PROVE      ?= prove
JOBS       ?= $(shell nproc)

comma := ,

# ---- variants ------------------------------------------------------------------------------

B := build$(if $(VARIANT),/$(VARIANT))

VARIANTS := asan tsan clang
ifneq ($(filter-out $(VARIANTS),$(VARIANT)),)
$(error VARIANT=$(VARIANT) is not known; use one of: $(VARIANTS), or none)
endif

CFLAGS ?= -O2 -g
ifeq ($(VARIANT),asan)
VARIANT_FLAGS := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifeq ($(VARIANT),tsan)
VARIANT_FLAGS := -O1 -fsanitize=thread -fno-omit-frame-pointer
else
VARIANT_FLAGS := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif
ifeq ($(VARIANT),clang)
CC := clang
endif

# ---- flags that the sources need, whatever the user sets ---------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wformat=2 -Wvla
ifdef WERROR
WARNINGS += -Werror
endif

PKGS := libevent_core json-c sqlite3
ALL_CFLAGS   = -std=gnu11 -D_GNU_SOURCE -DFARMLOCK_VERSION='"$(VERSION)"' -iquote lib -iquote wrappers -iquote . -fPIC \
               -fvisibility=hidden -MMD -MP $(WARNINGS) $(shell $(PKG_CONFIG) --cflags $(PKGS)) \
               $(VARIANT_FLAGS) $(CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS  = $(VARIANT_FLAGS) $(LDFLAGS)
LIBS         = $(shell $(PKG_CONFIG) --libs $(PKGS)) -pthread

# What is about Slurm is built where its headers are, unless WITH_SLURM says otherwise.
WITH_SLURM ?= auto
ifeq ($(WITH_SLURM),auto)
SLURM := $(shell $(CC) $(CPPFLAGS) -fsyntax-only -include slurm/spank.h -xc /dev/null 2>/dev/null && echo 1)
else
SLURM := $(filter-out 0,$(WITH_SLURM))
endif

# ---- what there is --------------------------------------------------------------------------

DAEMONS  := $(filter lockerd pidstatd,$(patsubst daemons/%.c,%,$(wildcard daemons/*.c)))
SLURM_WRAPPERS := $(if $(SLURM),lockreap locksync)
WRAPPERS := $(filter-out slurm lockreap locksync,$(notdir $(wildcard wrappers/*))) $(SLURM_WRAPPERS)
PROGRAMS := $(DAEMONS) $(WRAPPERS)
HEADERS  := $(wildcard lib/ipclocker.h lib/pidstat.h lib/uricommand.h)

OBJECTS_OF   = $(patsubst %.c,$B/obj/%.o,$(wildcard $(1)/*.c))
LIB_OBJS    := $(patsubst %.c,$B/obj/%.o,$(wildcard lib/*/*.c))
DAEMON_OBJS := $(patsubst %.c,$B/obj/%.o,$(filter-out $(DAEMONS:%=daemons/%.c),$(wildcard daemons/*.c)))
UNIT_TESTS  := $(patsubst tests/unit/%.c,$B/tests/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_HELPERS := $(patsubst %.c,$B/obj/%.o,$(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)))
E2E_TESTS   := $(wildcard tests/e2e/test_*.py)
# A plugin with a sanitizer cannot be loaded by a program without one.
CLUSTER_TESTS := $(if $(SLURM),$(if $(filter asan tsan,$(VARIANT)),,$(wildcard tests/cluster/test_*.py)))
LONG_TESTS  := $(filter %/test_store_failure %/test_store_simulation,$(UNIT_TESTS)) \
               $(filter %/test_crash.py %/test_lockersh_restart.py,$(E2E_TESTS))
PRELOADS    := $(patsubst tests/e2e/%.c,$B/tests/%.so,$(wildcard tests/e2e/*.c))
FUZZERS     := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_HELPERS := meter link grpc
BENCH_LOADS := $(patsubst tests/bench/%.c,$B/tests/bench/%,\
                 $(filter-out $(BENCH_HELPERS:%=tests/bench/%.c),$(wildcard tests/bench/*.c)))
MAN_PAGES   := $(wildcard share/man/man*/*)
# Nothing is installed about programs that are not.
ABSENT      := $(if $(SLURM),,lockreap locksync)
SHARED_DATA  = $(filter-out $(ABSENT:%=share/completions/%) $(ABSENT:%=share/systemd/%.service) \
               $(ABSENT:%=share/man/man8/%.8),$(wildcard $(1)))

SHARED := $B/lib/libipclocker.so.$(VERSION)
SONAME := libipclocker.so.$(SOVERSION)
STATIC := $B/lib/libipclocker.a
BINS   := $(PROGRAMS:%=$B/bin/%)
SPANK  := $(if $(SLURM),$(if $(wildcard spank-plugin/*.c),$B/spank/pidwatch.so))

.DEFAULT_GOAL := all
.SECONDARY:
.SECONDEXPANSION:
.DELETE_ON_ERROR:

.PHONY: all
all: found $(BINS) $(SPANK) $(STATIC) $(SHARED) $B/lib/ipclocker.pc

.PHONY: found
found:
	@WITH_SLURM=$(or $(SLURM),0) sh .ci/deps --report

# V=1 shows the commands themselves.
ifeq ($(V),1)
say =
else
say = @echo '  $(1)';
endif

# ---- building -------------------------------------------------------------------------------

# The version and the flags are part of what an object was built from.
$B/flags: FORCE
	@mkdir -p $B
	@echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || \
	    echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@
FORCE:

$B/obj/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call say,CC   $@)$(CC) $(ALL_CFLAGS) $(LAST_CFLAGS) -c -o $@ $<

$(STATIC): $(LIB_OBJS)
	@mkdir -p $(@D)
	$(call say,AR   $@)rm -f $@ && $(AR) qcs $@ $^

$(SHARED): $(LIB_OBJS) lib/libipclocker.map
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) -shared $(ALL_LDFLAGS) -Wl,-soname,$(SONAME) -Wl,-z,defs \
	    -Wl,--version-script=lib/libipclocker.map -o $@ $(LIB_OBJS) $(LIBS)
	@ln -sf $(@F) $(@D)/$(SONAME)
	@ln -sf $(SONAME) $(@D)/libipclocker.so

FILL_IN = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCDIR@|$(INCDIR)|' \
              -e 's|@VERSION@|$(VERSION)|'

$B/lib/ipclocker.pc: lib/ipclocker.pc.in Makefile
	@mkdir -p $(@D)
	@$(FILL_IN) $< >$@

$(DAEMONS:%=$B/bin/%): $B/bin/%: $B/obj/daemons/%.o $(DAEMON_OBJS) $(STATIC)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) -o $@ $^ -Wl,--as-needed $(LIBS)

$(WRAPPERS:%=$B/bin/%): $B/bin/%: $$(call OBJECTS_OF,wrappers/$$*) $(STATIC)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(STATIC) -Wl,--as-needed $(LIBS)

$(SLURM_WRAPPERS:%=$B/bin/%): $(patsubst %.c,$B/obj/%.o,$(wildcard wrappers/slurm/*.c))
$(SLURM_WRAPPERS:%=$B/bin/%): LIBS += -lslurm

# The functions of SPANK are in the program that loads the plugin; nothing of ours is seen outside.
$B/spank/pidwatch.so: $(patsubst %.c,$B/obj/%.o,$(wildcard spank-plugin/*.c)) $(STATIC) spank-plugin/pidwatch.map
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) -shared $(ALL_LDFLAGS) -Wl,--version-script=spank-plugin/pidwatch.map \
	    -o $@ $(filter %.o %.a,$^) -pthread

# uriexec is started often and does little: where there is a static C library it is linked with
# that, and where start.c knows the machine it need not even wait for that to start.
URIEXEC_START  := $(if $(findstring -fsanitize,$(VARIANT_FLAGS) $(CFLAGS) $(LDFLAGS)),,$(and \
    $(wildcard $(shell $(CC) -print-file-name=rcrt1.o 2>/dev/null)),$(wildcard $(shell $(CC) -print-file-name=libc.a 2>/dev/null)),\
    -static-pie $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),-Wl$(comma)-e$(comma)uriexec_start)))
# The stack protector's canary is in what the C library sets up.
$B/obj/wrappers/uriexec/start.o: LAST_CFLAGS := -fno-stack-protector
$B/bin/uriexec: LIBS := $(URIEXEC_START)

$B/tests/unit/%: $B/obj/tests/unit/%.o $(UNIT_HELPERS) $(STATIC)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) $(TEST_LDFLAGS) -o $@ \
	    $(filter-out $(STATIC),$^) $(STATIC) $$($(PKG_CONFIG) --libs cmocka) $(LIBS)

# Load for the benches.
$B/tests/bench/%: $B/obj/tests/bench/%.o $(BENCH_HELPERS:%=$B/obj/tests/bench/%.o)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) $(ALL_LDFLAGS) -o $@ $^

# Layers under a program, for LD_PRELOAD.
$B/tests/%.so: $B/obj/tests/e2e/%.o
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) -shared $(LDFLAGS) -o $@ $< -ldl

# What programs have for themselves, and the parts of the plugin that know nothing of Slurm.
$(filter $B/tests/unit/test_spank_%,$(UNIT_TESTS)): $B/tests/unit/test_spank_%: $B/obj/spank-plugin/%.o
$B/tests/unit/test_job_claims: $B/obj/wrappers/slurm/job_claims.o
$B/tests/unit/test_job_list: $B/obj/wrappers/lockersh/job_list.o
$B/tests/unit/test_lifeline: $B/obj/spank-plugin/peer_watch.o $B/obj/spank-plugin/peer_port.o
$B/tests/unit/test_offspring: $B/obj/spank-plugin/step_processes.o $B/obj/spank-plugin/proc_snapshot.o
$B/tests/unit/test_reap_rule: $B/obj/wrappers/lockreap/rule.o
$B/tests/unit/test_seat_map: $B/obj/wrappers/locksync/seat_map.o
$B/tests/unit/test_shell_line: $B/obj/wrappers/pidwatch/shell_line.o

# Its allocations fail on demand.
$B/tests/unit/test_lock_table_memory: \
    TEST_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup

# What they measure reports every basic block that it runs.
$B/obj/counted/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call say,CC   $@)$(CC) $(ALL_CFLAGS) -fsanitize-coverage=trace-pc -c -o $@ $<
$B/tests/unit/test_lock_table_cost: \
    $(patsubst %.c,$B/obj/counted/%.o,$(wildcard lib/lock/*.c) lib/base/tree.c)
$B/tests/unit/test_asker_question: $B/obj/counted/lib/pidstat/question.o

-include $(shell find $B/obj -name '*.d' 2>/dev/null)

# ---- testing --------------------------------------------------------------------------------

.PHONY: deps
deps:
	@sh .ci/deps build test $(if $(filter-out 0,$(WITH_SLURM)),slurm)

.PHONY: check check-run
check: deps
	@$(MAKE) --no-print-directory -j$(JOBS) check-build
	@$(MAKE) --no-print-directory check-run

.PHONY: check-build
check-build: all $(UNIT_TESTS) $(PRELOADS)

# One runner over everything, so that one closing line speaks for the whole run.
TEST_ENV = FARMLOCK_BUILD=$(CURDIR)/$B CMOCKA_MESSAGE_OUTPUT=TAP
check-run:
	@$(TEST_ENV) $(PROVE) -j$(JOBS) -e '' $(CLUSTER_TESTS) $(UNIT_TESTS) $(E2E_TESTS)

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
	@$(TEST_ENV) $(PROVE) -j$(JOBS) -e '' $(E2E_TESTS)

# On a real Slurm cluster of two nodes, which the tests start.
.PHONY: check-cluster check-cluster-run
check-cluster: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(MAKE) --no-print-directory check-cluster-run
check-cluster-run:
	@$(TEST_ENV) $(PROVE) -j$(JOBS) -e '' $(CLUSTER_TESTS)

# FUZZ_SECONDS is for all of them together; an input that fails is kept in build/fuzz/found.
FUZZ_SECONDS ?= 60
FUZZ_FLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
    -fno-omit-frame-pointer
FUZZ_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DFARMLOCK_VERSION='"$(VERSION)"' -iquote lib -iquote wrappers -iquote . -MMD -MP \
    $(shell $(PKG_CONFIG) --cflags $(PKGS)) $(FUZZ_FLAGS) $(CPPFLAGS)
build/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC   $@)clang $(FUZZ_CFLAGS) -c -o $@ $<
$(FUZZERS:%=build/fuzz/%): build/fuzz/%: build/fuzz/obj/tests/fuzz/fuzz_%.o \
    $(patsubst %.c,build/fuzz/obj/%.o,$(wildcard lib/*/*.c) wrappers/slurm/job_claims.c)
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

.PHONY: demo
demo:
	@sh .ci/deps build
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@FARMLOCK_BUILD=$(CURDIR)/$B examples/demo.sh

# ---- lint -----------------------------------------------------------------------------------

C_SOURCES := $(wildcard lib/*.[ch] lib/*/*.[ch] daemons/*.[ch] wrappers/*/*.[ch] \
               spank-plugin/*.[ch] tests/unit/*.[ch] tests/e2e/*.c tests/fuzz/*.[ch] \
               tests/bench/*.[ch] examples/*.c examples/*/*.c)
SH_SOURCES := .ci/run .ci/deps share/dashboard/lockfeed $(wildcard examples/*.sh examples/*/*.sh tests/*/*.sh)

.PHONY: format
format:
	clang-format -i $(C_SOURCES)

# cppcheck does not read <sys/queue.h> and takes its loops for uses of unset variables; the
# compilers and clang-tidy look for those.
.PHONY: lint
lint:
	@sh .ci/deps build test slurm lint
	@clang-format --dry-run -Werror $(C_SOURCES)
	@cppcheck -q --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability \
	    --suppress=missingIncludeSystem --suppress=uninitvar -Ilib -Iwrappers -I. -D_GNU_SOURCE -DFARMLOCK_VERSION='""' \
	    lib daemons wrappers spank-plugin
	@printf '%s\n' $(filter-out tests/%,$(filter %.c,$(C_SOURCES))) | xargs -P$(JOBS) -n4 \
	    sh -c 'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- -std=gnu11 -D_GNU_SOURCE \
	    -DFARMLOCK_VERSION=\"\" -iquote lib -iquote wrappers -iquote . -idirafter lib 2>/dev/null' lint
	@shellcheck $(SH_SOURCES)
	@mandoc -T lint -W warning $(MAN_PAGES)
	@echo 'lint: nothing to complain about'

# ---- installing -----------------------------------------------------------------------------

.PHONY: install
install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig \
	    $(DESTDIR)$(INCDIR) $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR) $(DESTDIR)$(UNITDIR) \
	    $(DESTDIR)$(COMPDIR)
	$(INSTALL) -m 755 $(addprefix $B/bin/,$(filter-out $(SLURM_WRAPPERS),$(WRAPPERS))) $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 755 $(addprefix $B/bin/,$(DAEMONS) $(SLURM_WRAPPERS)) $(DESTDIR)$(SBINDIR)
	$(INSTALL) -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)
	$(if $(SPANK),$(INSTALL) -D -m 755 $(SPANK) $(DESTDIR)$(LIBDIR)/slurm/pidwatch.so)
	$(INSTALL) -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libipclocker.so
	$(FILL_IN) lib/ipclocker.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/ipclocker.pc
	$(INSTALL) -m 644 $(HEADERS) $(DESTDIR)$(INCDIR)
	$(INSTALL) -m 644 $(wildcard share/schema/*.json) $(DESTDIR)$(DATADIR)
	$(INSTALL) -m 644 $(call SHARED_DATA,share/completions/*) $(DESTDIR)$(COMPDIR)
	$(INSTALL) -d $(DESTDIR)$(DATADIR)/dashboard
	$(INSTALL) -m 644 share/dashboard/index.html $(DESTDIR)$(DATADIR)/dashboard
	$(INSTALL) -m 755 share/dashboard/lockfeed $(DESTDIR)$(DATADIR)/dashboard
	for unit in $(call SHARED_DATA,share/systemd/*); do \
	    sed -e 's|@SBINDIR@|$(SBINDIR)|g' -e 's|@BINDIR@|$(BINDIR)|g' -e 's|@DATADIR@|$(DATADIR)|g' \
	        $$unit >$(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; done
	for page in $(call SHARED_DATA,share/man/man*/*); do \
	    $(INSTALL) -D -m 644 $$page $(DESTDIR)$(MANDIR)/$${page#share/man/} || exit 1; done
	$(INSTALL) -m 644 README.md NEWS.md LICENSE $(DESTDIR)$(DOCDIR)

.PHONY: uninstall
uninstall:
	rm -f $(WRAPPERS:%=$(DESTDIR)$(BINDIR)/%) $(addprefix $(DESTDIR)$(SBINDIR)/,$(DAEMONS) $(SLURM_WRAPPERS))
	rm -f $(DESTDIR)$(LIBDIR)/slurm/pidwatch.so $(DESTDIR)$(LIBDIR)/libipclocker.* $(DESTDIR)$(LIBDIR)/pkgconfig/ipclocker.pc
	rm -f $(patsubst lib/%,$(DESTDIR)$(INCDIR)/%,$(HEADERS))
	rm -f $(patsubst share/man/%,$(DESTDIR)$(MANDIR)/%,$(MAN_PAGES))
	rm -f $(patsubst share/systemd/%,$(DESTDIR)$(UNITDIR)/%,$(wildcard share/systemd/*))
	rm -f $(patsubst share/completions/%,$(DESTDIR)$(COMPDIR)/%,$(wildcard share/completions/*))
	rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)

.PHONY: dist
dist:
	@mkdir -p build
	git archive --prefix=farmlock-$(VERSION)/ -o build/farmlock-$(VERSION).tar.gz HEAD
	@echo build/farmlock-$(VERSION).tar.gz

.PHONY: clean
clean:
	rm -rf build

.PHONY: help
help:
	@echo 'make all            build into build/bin and build/lib'
	@echo 'make demo           see seats handed over, about ten seconds once built'
	@echo 'make check          install what is missing, build, run the tests'
	@echo 'make check-long     the tests that take longer: crashes and failing disks, many times'
	@echo 'make check-unit     unit tests only (VARIANT=asan: under ASan and UBSan)'
	@echo 'make check-valgrind unit tests under valgrind'
	@echo 'make check-e2e      end-to-end tests only'
	@echo 'make check-cluster  tests on a real Slurm cluster of two nodes'
	@echo 'make fuzz           every parser on random input, FUZZ_SECONDS=60 in all'
	@echo 'make bench          what things cost, against what they are compared with: a table'
	@echo 'make bench FULL=1   the long form, with plots in build/bench'
	@echo 'make bench-check    a short bench that fails where a cost has doubled'
	@echo 'make lint           formatting, static analysis, man pages'
	@echo 'make deps           install the Debian packages that are missing'
	@echo 'make install        to PREFIX=$(PREFIX), under DESTDIR'
	@echo 'make uninstall dist clean'
