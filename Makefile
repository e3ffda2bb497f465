# farmlock: builds everything under build/.  Tests, benches and lint are in tests/tests.mk,
# installing is in share/install.mk.
#
#   make demo     see it work (installs what is missing, as root)
#   make check    build and run every test that fits in ten minutes
#   make help     the other targets
#
# CC, CFLAGS, LDFLAGS, PREFIX and DESTDIR are yours to set.  VARIANT=asan, tsan, clang or fuzz (clang
# with ASan, UBSan and what fuzzers need) builds beside the normal build, in build/VARIANT.
# WITH_SLURM=0 leaves out what is about Slurm, WITH_ETCD=0 what keeps the state in etcd,
# WITH_COMPLETIONS=0 what a build for another machine cannot make.

# The version is that of lib/ipclocker.h.  Modules that are laid beside scripts, and packages, have to
# say it themselves: tests/lint/test_version.py holds them to it.
VERSION   := $(shell sed -n 's/^\#define IPCLOCKER_VERSION "\(.*\)"/\1/p' lib/ipclocker.h)
# The libraries' interface, a number of its own: 0 is that of the first release, with the symbols' nodes
# IPCLOCKER_0 and IPCLOCKER_SERVER_0.  It grows when a program that runs with one release would not with
# the next; functions that are added make no new one.
SOVERSION := 0
SOFILE    := $(SOVERSION).$(VERSION)

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
LIBDIR  ?= $(PREFIX)/lib
INCDIR  ?= $(PREFIX)/include
MANDIR  ?= $(PREFIX)/share/man
PKGDATADIR ?= $(PREFIX)/share/farmlock
PKGDOCDIR  ?= $(PREFIX)/share/doc/farmlock
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# Where Python looks below the prefix, if it does; and Tcl as Debian has it.
PYTHONDIR ?= $(or $(shell python3 -c 'import sys; print(*[p for p in sys.path if p.endswith("-packages") \
    and p.startswith("$(PREFIX)/lib/python3")][:1])' 2>/dev/null),$(PREFIX)/lib/python3/dist-packages)
TCLDIR    ?= $(PREFIX)/share/tcltk

PKG_CONFIG ?= pkg-config
INSTALL    ?= install
OBJCOPY    ?= objcopy
PROVE      ?= prove
PROTOC_C   ?= protoc-c
JOBS       ?= $(shell nproc)

comma := ,

# ---- variants ------------------------------------------------------------------------------

B := build$(if $(VARIANT),/$(VARIANT))

VARIANTS := asan tsan clang fuzz
ifneq ($(filter-out $(VARIANTS),$(VARIANT)),)
$(error VARIANT=$(VARIANT) is not known; use one of: $(VARIANTS), or none)
endif

CFLAGS ?= $(if $(filter fuzz,$(VARIANT)),-O1,-O2) -g
ifeq ($(VARIANT),asan)
VARIANT_FLAGS := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifeq ($(VARIANT),tsan)
VARIANT_FLAGS := -O1 -fsanitize=thread -fno-omit-frame-pointer
else ifeq ($(VARIANT),fuzz)
# What fuzzers and unit tests under sanitizers share: compiled once for both.
VARIANT_FLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
HARDENED := 1
endif
ifndef HARDENED
VARIANT_FLAGS += -DSANITIZED
endif
ifneq ($(filter clang fuzz,$(VARIANT)),)
CC := clang
endif
# What a compiler or machine does not know is left out.
has = $(shell printf '%b\n' '$(2)' | $(CC) -Werror $(1) -fsyntax-only -xc - 2>/dev/null && echo $(or $(3),$(1)))
ifdef HARDENED
FORTIFY := $(or $(call has,,\043if !__has_builtin(__builtin_dynamic_object_size)\n\043error\n\043endif\nint i;,3),2)
VARIANT_FLAGS := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY) -fstack-protector-strong \
                 $(call has,-fstack-clash-protection,int i;) $(call has,-fcf-protection,int i;)
endif
# All symbols are bound at the start, and what was bound is read-only then.
HARDENED_LDFLAGS := $(if $(HARDENED),-Wl$(comma)-z$(comma)relro -Wl$(comma)-z$(comma)now)

# ---- flags that the sources need, whatever the user sets ---------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wformat=2 -Wvla
ifdef WERROR
WARNINGS += -Werror
endif

# Quoted includes are ours: "file.h" of the same room, "room/file.h" of another; a program's folder may
# have the name of somebody else's (<slurm/slurm.h>).  Tests include from the top, too.
# What is generated stands where it would below lib/.
INCLUDES := -iquote lib -iquote wrappers -iquote . -iquote $B/generated
PKGS := libevent_core libevent_extra json-c sqlite3 libconfig

# What keeps the state in etcd is built where what it needs is, unless WITH_ETCD says otherwise.
ETCD_PKGS := libnghttp2 libprotobuf-c libssl libcrypto
WITH_ETCD ?= auto
ifeq ($(WITH_ETCD),auto)
ETCD := $(shell $(PKG_CONFIG) --exists $(ETCD_PKGS) 2>/dev/null && command -v $(PROTOC_C) >/dev/null && echo 1)
else
ETCD := $(filter-out 0,$(WITH_ETCD))
endif
PKGS += $(if $(ETCD),$(ETCD_PKGS))
LANGUAGE := -std=gnu11 -D_GNU_SOURCE -DFARMLOCK_VERSION='"$(VERSION)"' $(INCLUDES)
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS))
# Where it was built is in nothing that is built: two folders make the same bytes.
SAME_BYTES  := $(call has,-ffile-prefix-map=$(CURDIR)=.,int i;)
ALL_CFLAGS   = $(LANGUAGE) $(SAME_BYTES) -fPIC -fvisibility=hidden -MMD -MP $(WARNINGS) $(PKG_CFLAGS) $(VARIANT_FLAGS) \
               $(CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS  = $(VARIANT_FLAGS) $(HARDENED_LDFLAGS) $(LDFLAGS)
LIBS         = $(shell $(PKG_CONFIG) --libs $(PKGS)) -pthread

# What is about Slurm is built where its headers are, unless WITH_SLURM says otherwise.
WITH_SLURM ?= auto
ifeq ($(WITH_SLURM),auto)
SLURM := $(shell $(CC) $(CPPFLAGS) -fsyntax-only -include slurm/spank.h -xc /dev/null 2>/dev/null && echo 1)
else
SLURM := $(filter-out 0,$(WITH_SLURM))
endif
LANGUAGE += $(if $(SLURM),-DFARMLOCK_SLURM) $(if $(ETCD),-DFARMLOCK_ETCD)

# ---- what there is --------------------------------------------------------------------------

OBJECTS_OF = $(patsubst %.c,$B/obj/%.o,$(wildcard $(1)/*.c))

# A folder of wrappers/ that has a file of its own name is a program; those without are shared by the
# programs whose line in lib/ROOMS names them.  What talks to Slurm is left out without it.
DAEMONS  := lockerd pidstatd
WRAPPERS := $(foreach name,$(notdir $(wildcard wrappers/*)),$(if $(wildcard wrappers/$(name)/$(name).c),$(name)))
SHARED_OF = $(filter-out $(if $(SLURM),,wrappers/slurm),$(filter wrappers/%,\
              $(shell awk -F'|' '$$1 ~ "^wrappers/$(1) *$$" { print $$3 }' lib/ROOMS)))
# Administrators' own.
SBIN_WRAPPERS := $(foreach name,$(WRAPPERS),$(if $(wildcard share/man/man8/$(name).8),$(name)))
PROGRAMS := $(DAEMONS) $(WRAPPERS)
BINS     := $(PROGRAMS:%=$B/bin/%)
SPANK    := $(if $(SLURM),$B/spank/pidwatch.so)

# Ours: all that is below lib/, for programs and tests; and what protoc-c makes of a .proto there.
INTERNAL := $B/lib/libfarmlock.a
ETCD_SOURCES := $(if $(ETCD),$(wildcard lib/store/etcd/*.c))
LIB_SOURCES  := $(filter-out $(if $(ETCD),,lib/store/etcd_%.c),$(wildcard lib/*/*.c)) $(ETCD_SOURCES)
GENERATED    := $(if $(ETCD),$B/generated/store/etcd/etcd.pb-c.c)
# Others': what their export lists name and what that needs, with everything else hidden.
LIBRARIES := libipclocker libipclocker-server
STATIC   := $(LIBRARIES:%=$B/lib/%.a)
SHARED   := $(LIBRARIES:%=$B/lib/%.so.$(SOFILE))
PC_FILES := ipclocker.pc ipclocker-server.pc
HEADERS  := $(wildcard lib/*.h)

.DEFAULT_GOAL := all
.SECONDARY:
.SECONDEXPANSION:
.DELETE_ON_ERROR:

.PHONY: all
all: found $(BINS) $(SPANK) $(STATIC) $(SHARED) $(PC_FILES:%=$B/lib/%)

.PHONY: found
found:
	@WITH_SLURM=$(or $(SLURM),0) WITH_ETCD=$(or $(ETCD),0) sh .ci/deps --report

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
.PHONY: FORCE
FORCE:

# OWN_CFLAGS: what one file must have, whatever the user says.
$B/obj/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call say,CC   $@)$(CC) $(ALL_CFLAGS) $(OWN_CFLAGS) -c -o $@ $<

# Not linted, and nobody's to warn of.
$B/generated/%.pb-c.c $B/generated/%.pb-c.h: lib/%.proto
	@mkdir -p $(@D)
	$(call say,GEN  $@)$(PROTOC_C) --proto_path=lib --c_out=$B/generated $<

$(GENERATED:$B/%.c=$B/obj/%.o): $B/obj/%.o: $B/%.c $B/flags
	@mkdir -p $(@D)
	$(call say,CC   $@)$(CC) $(ALL_CFLAGS) -w -c -o $@ $<

# It must be there when the first of these is compiled; from then on the .d files know.
$(ETCD_SOURCES:%.c=$B/obj/%.o): | $(GENERATED)

$(INTERNAL): $(LIB_SOURCES:%.c=$B/obj/%.o) $(GENERATED:$B/%.c=$B/obj/%.o)
	@mkdir -p $(@D)
	$(call say,AR   $@)rm -f $@ && $(AR) qcsD $@ $^

# An installed library is one object: the linker takes what the exported functions need, and every
# other name becomes local, so that a program may have a tree_insert() of its own.
EXPORTS_OF = $(shell sed -n 's/^ *\([a-z_]*\);$$/\1/p' $(1))
$(LIBRARIES:%=$B/obj/%.o): $B/obj/%.o: lib/%.map $(INTERNAL)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) -r -nostdlib $(filter-out -fsanitize=%,$(VARIANT_FLAGS)) $(CFLAGS) -o $@ \
	    $(addprefix -Wl$(comma)--require-defined=,$(call EXPORTS_OF,$<)) $(INTERNAL) && \
	    $(OBJCOPY) $(addprefix --keep-global-symbol=,$(call EXPORTS_OF,$<)) $@

$(STATIC): $B/lib/%.a: $B/obj/%.o
	@mkdir -p $(@D)
	$(call say,AR   $@)rm -f $@ && $(AR) qcsD $@ $<

# A client needs no more, and -z defs says so if that should change; what clang's sanitizers need is in
# the program that loads them.
ALL_DEFINED := $(if $(filter fuzz,$(VARIANT)),,-Wl$(comma)-z$(comma)defs)
$B/lib/libipclocker.so.$(SOFILE): private PKGS := json-c
$(SHARED): $B/lib/%.so.$(SOFILE): $B/obj/%.o lib/%.map
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) -shared $(ALL_LDFLAGS) -Wl,-soname,$*.so.$(SOVERSION) $(ALL_DEFINED) \
	    -Wl,--version-script=lib/$*.map -o $@ $< -Wl,--as-needed $(LIBS)
	@ln -sf $(@F) $(@D)/$*.so.$(SOVERSION)
	@ln -sf $*.so.$(SOVERSION) $(@D)/$*.so

FILL_IN = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@INCDIR@|$(INCDIR)|g' \
              -e 's|@VERSION@|$(VERSION)|g' -e 's|@SBINDIR@|$(SBINDIR)|g' -e 's|@BINDIR@|$(BINDIR)|g' \
              -e 's|@DATADIR@|$(PKGDATADIR)|g'

$(PC_FILES:%=$B/lib/%): $B/lib/%: lib/%.in Makefile lib/ipclocker.h
	@mkdir -p $(@D)
	@$(FILL_IN) $< >$@

# Most symbols are the C library's: where that comes first the loader need not look for them in the
# others before, which is 12,000 of the 360,000 instructions of a start of lockersh.
LIBC_FIRST := $(if $(VARIANT),,-Wl$(comma)--no-as-needed -lc)

LINK = $(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(INTERNAL) $(LIBC_FIRST) -Wl,--as-needed $(LIBS)

# A file whose name begins with a daemon's is that daemon's alone.
OTHER_DAEMONS_OF = $(patsubst %,$B/obj/daemons/%%,$(filter-out $(1),$(DAEMONS)))
$(DAEMONS:%=$B/bin/%): $B/bin/%: $$(filter-out $$(call OTHER_DAEMONS_OF,$$*),$$(call OBJECTS_OF,daemons)) $(INTERNAL)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(LINK)

$(WRAPPERS:%=$B/bin/%): $B/bin/%: $$(foreach folder,wrappers/$$* $$(call SHARED_OF,$$*),$$(call OBJECTS_OF,$$(folder))) $(INTERNAL)
	@mkdir -p $(@D)
	$(call say,LD   $@)$(LINK) $(if $(filter wrappers/slurm,$(call SHARED_OF,$*)),-lslurm)

# What is peculiar to one program.
include $(wildcard wrappers/*/*.mk)

# The functions of SPANK are in the program that loads the plugin, and not all in each: they are bound
# when they are called.  Nothing of ours is seen outside.
$B/spank/pidwatch.so: private HARDENED_LDFLAGS := -Wl,-z,relro
$B/spank/pidwatch.so: $(call OBJECTS_OF,spank-plugin) $(INTERNAL) spank-plugin/pidwatch.map
	@mkdir -p $(@D)
	$(call say,LD   $@)$(CC) -shared $(ALL_LDFLAGS) -Wl,--version-script=spank-plugin/pidwatch.map \
	    -o $@ $(filter %.o %.a,$^) -pthread

-include $(shell find $B/obj -name '*.d' 2>/dev/null)

.PHONY: deps
deps:
	@sh .ci/deps build test $(if $(filter-out 0,$(WITH_ETCD)),etcd) $(if $(filter-out 0,$(WITH_SLURM)),slurm)
	@sh .ci/gridengine build/gridengine
	@sh .ci/promtool build/promtool

.PHONY: demo
demo:
	@sh .ci/deps build $(if $(filter-out 0,$(WITH_ETCD)),etcd)
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@FARMLOCK_BUILD=$(CURDIR)/$B examples/demo.sh

include tests/tests.mk share/install.mk share/packaging/packages.mk

# What git has of HEAD, in git's order, with the time of the commit: the same bytes each time.
TARBALL := build/farmlock-$(VERSION).tar.gz
.PHONY: dist
dist:
	@mkdir -p build
	git -c tar.umask=0022 archive --format=tar --prefix=farmlock-$(VERSION)/ -o $(TARBALL:.gz=) HEAD
	gzip -9nf $(TARBALL:.gz=)
	@echo $(TARBALL)

# What is published: the tarball, of which two builds have made the same files, and its checksum.
.PHONY: release
release:
	@[ -z "$$(git status --porcelain)" ] || { echo 'release: what is here is not what git has' >&2; exit 1; }
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(TEST_ENV) tests/lint/test_version.py
	@$(MAKE) --no-print-directory dist
	@RELEASED=$(CURDIR)/$(TARBALL) $(MAKE) --no-print-directory check-reproducible
	@cd build && sha256sum $(notdir $(TARBALL)) >SHA256SUMS && cat SHA256SUMS

.PHONY: clean
clean:
	rm -rf build

.PHONY: help
help:
	@echo 'make all            build into build/bin and build/lib'
	@echo 'make demo           see seats handed over, about ten seconds once built'
	@echo 'make check          install what is missing, build, run the tests'
	@echo 'make check-slow     the tests that check has no time for'
	@echo 'make check-crash    crashes, failing disks and hostile neighbours, many times'
	@echo 'make check-long     all that takes longer: that, and builds with sanitizers'
	@echo 'make check-mutants  breaks the rules of pools and of etcd one by one, and sees a unit test fail each time'
	@echo 'make check-unit     unit tests only (VARIANT=fuzz or asan: under ASan and UBSan)'
	@echo 'make check-valgrind unit tests under valgrind'
	@echo 'make check-e2e      end-to-end tests only'
	@echo 'make check-cluster  tests on a real Slurm cluster of two nodes'
	@echo 'make check-slurm RELEASE=trixie'
	@echo '                    build and test in a root of that Debian release (as root)'
	@echo 'make check-packages RELEASE=trixie'
	@echo '                    build packages, install, upgrade and purge them in a root of that release (as root)'
	@echo 'make check-rpm      build RPM packages, and have rpmlint look at them'
	@echo 'make fuzz           every parser on random input, FUZZ_SECONDS=90 in all'
	@echo 'make soak           faults and hostile neighbours for SECONDS=120, and a judge of the outcome'
	@echo 'make soak-replicated  the same for three lockerd over three members of etcd'
	@echo 'make bench          what things cost, against what they are compared with: a table'
	@echo 'make bench FULL=1   the long form, with plots in build/bench'
	@echo 'make bench FARM=1   a day of 10,000 nodes and 100,000 jobs in DAY=180 seconds, with plots in build/bench'
	@echo 'make bench-check    a short bench that fails where a cost has doubled'
	@echo 'make lint           formatting, rooms, static analysis, man pages'
	@echo 'make format         write the sources as lint wants them'
	@echo 'make deps           install the Debian packages that are missing'
	@echo 'make deb            Debian packages, in build/deb'
	@echo 'make rpm            RPM packages, in build/rpm'
	@echo 'make install        to PREFIX=$(PREFIX), under DESTDIR'
	@echo 'make release        the tarball, with its checksum, of which two builds make the same files'
	@echo 'make uninstall dist clean'
