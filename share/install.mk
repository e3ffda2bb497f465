# Completions and installing; included by the Makefile.

MAN_PAGES := $(wildcard share/man/man*/*)
# Nothing is installed about programs that are not.
LEFT_OUT  := $(if $(SPANK),,pidwatch-spank)
SHARED_DATA = $(filter-out $(LEFT_OUT:%=share/systemd/%.service) $(LEFT_OUT:%=share/man/man8/%.8),$(1))
UNITS     := $(wildcard share/systemd/*)
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
FIREWALLDDIR ?= $(PREFIX)/lib/firewalld/services
FIREWALLD := $(wildcard share/firewalld/*.xml)
# Copied into /etc by who wants them, and by packages: nothing that is there is written over.
FOR_ETC   := $(wildcard share/default/* share/logrotate.d/* share/sysctl.d/* share/ufw/*) share/services
# Where Slurm looks for plugins that plugstack.conf names without a folder.
SPANKDIR    ?= $(LIBDIR)/slurm
# The name of pidstat belongs to sysstat on many systems: with another name here, what has pidstat's own
# is a link in a folder that goes into PATH where it is wanted.
PIDSTAT_NAME ?= pidstat
PKGLIBDIR   ?= $(PREFIX)/lib/farmlock
RENAMED     := $(filter-out pidstat,$(PIDSTAT_NAME))
# The program's name in its page, its completions, in what refers to them and in command lines; not that of pidstat(3).
NAME_PIDSTAT = $(if $(RENAMED),-e 's/^\.Nm pidstat$$/.Nm $(RENAMED)/' -e 's/\<Xr pidstat 1/Xr $(RENAMED) 1/g' \
    -e 's/\<pidstat \(exists\|wait\|--silent\|--json\)/$(RENAMED) \1/g' \
    -e 's/^\.Dt PIDSTAT 1$$/.Dt '$$(echo $(RENAMED) | tr a-z A-Z)' 1/' \
    -e 's/^\(\#compdef\|complete\( -c\| -F _pidstat\)\?\) pidstat\>/\1 $(RENAMED)/')
EVERY_PROGRAM := $(DAEMONS) $(filter-out pidstat,$(WRAPPERS)) $(PIDSTAT_NAME)
MONITORING := $(wildcard share/monitoring/*)
TCL_FILES := $(wildcard wrappers/tcl/farmlock/*.tcl)
EXAMPLES  := $(shell find examples -type f 2>/dev/null)

# Completions, as the programs print them of their options.  WITH_COMPLETIONS=0 is for a build that
# cannot run here.
WITH_COMPLETIONS ?= 1
COMPLETED := $(if $(filter-out 0,$(WITH_COMPLETIONS)),$(PROGRAMS))
COMPLETIONS := $(COMPLETED:%=$B/share/bash/%) $(COMPLETED:%=$B/share/zsh/_%) $(COMPLETED:%=$B/share/fish/%.fish) \
               $(if $(COMPLETED),$B/share/farmlock.tcsh)
all: $(COMPLETIONS)

$(COMPLETED:%=$B/share/bash/%): $B/share/bash/%: $B/bin/%
	@mkdir -p $(@D)
	@$< --completion bash >$@
$(COMPLETED:%=$B/share/zsh/_%): $B/share/zsh/_%: $B/bin/%
	@mkdir -p $(@D)
	@$< --completion zsh >$@
$(COMPLETED:%=$B/share/fish/%.fish): $B/share/fish/%.fish: $B/bin/%
	@mkdir -p $(@D)
	@$< --completion fish >$@
$B/share/farmlock.tcsh: $(COMPLETED:%=$B/bin/%)
	@mkdir -p $(@D)
	@for program in $^; do $$program --completion tcsh || exit 1; done >$@

# One page of several sources, and no resource beside it.
PAGE := $B/share/dashboard/index.html
all: $(PAGE)
$(PAGE): $(wildcard share/dashboard/*.js share/dashboard/*.css share/dashboard/*.html) share/dashboard/join
	@mkdir -p $(@D)
	@share/dashboard/join >$@

# A page of several functions is found by the name of each.
NAMES_OF_PAGE = sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([a-z_]*\).*/\1/p'

# Pages name the folders of this installation, which are those of PREFIX=/usr/local in the source.
PAGE_FOLDERS = -e 's|/usr/local/lib/slurm|$(SPANKDIR)|g' -e 's|/usr/local/share/doc/farmlock|$(PKGDOCDIR)|g' \
    -e 's|/usr/local/share/farmlock|$(PKGDATADIR)|g' -e 's|/usr/local/lib/firewalld/services|$(FIREWALLDDIR)|g' \
    -e 's|/usr/local/sbin|$(SBINDIR)|g' -e 's|/usr/local/bin|$(BINDIR)|g'

.PHONY: install
install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig \
	    $(DESTDIR)$(INCDIR) $(DESTDIR)$(PKGDATADIR) $(DESTDIR)$(PKGDOCDIR) $(DESTDIR)$(UNITDIR) \
	    $(if $(COMPLETED),$(DESTDIR)$(BASHCOMPDIR) $(DESTDIR)$(ZSHCOMPDIR) $(DESTDIR)$(FISHCOMPDIR))
	$(INSTALL) -m 755 $(addprefix $B/bin/,$(filter-out $(SBIN_WRAPPERS) pidstat,$(WRAPPERS))) $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 755 $B/bin/pidstat $(DESTDIR)$(BINDIR)/$(PIDSTAT_NAME)
	$(if $(RENAMED),$(INSTALL) -d $(DESTDIR)$(PKGLIBDIR)/bin && \
	    ln -sfr $(DESTDIR)$(BINDIR)/$(RENAMED) $(DESTDIR)$(PKGLIBDIR)/bin/pidstat)
	$(INSTALL) -m 755 $(addprefix $B/bin/,$(DAEMONS) $(SBIN_WRAPPERS)) $(DESTDIR)$(SBINDIR)
	$(INSTALL) -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)
	$(if $(SPANK),$(INSTALL) -D -m 755 $(SPANK) $(DESTDIR)$(SPANKDIR)/pidwatch.so)
	$(INSTALL) -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)
	for name in $(LIBRARIES); do \
	    ln -sf $$name.so.$(SOFILE) $(DESTDIR)$(LIBDIR)/$$name.so.$(SOVERSION) && \
	    ln -sf $$name.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/$$name.so || exit 1; done
	for name in $(PC_FILES); do \
	    $(FILL_IN) lib/$$name.in | $(INSTALL) -m 644 /dev/stdin $(DESTDIR)$(LIBDIR)/pkgconfig/$$name || exit 1; done
	$(INSTALL) -m 644 $(HEADERS) $(DESTDIR)$(INCDIR)
	$(INSTALL) -m 644 $(wildcard share/schema/*.json) $(DESTDIR)$(PKGDATADIR)
ifneq ($(COMPLETED),)
	for name in $(COMPLETED); do \
	    to=$$name; [ $$name != pidstat ] || to=$(PIDSTAT_NAME); \
	    sed -e '' $(NAME_PIDSTAT) $B/share/bash/$$name | $(INSTALL) -m 644 /dev/stdin $(DESTDIR)$(BASHCOMPDIR)/$$to && \
	    sed -e '' $(NAME_PIDSTAT) $B/share/zsh/_$$name | $(INSTALL) -m 644 /dev/stdin $(DESTDIR)$(ZSHCOMPDIR)/_$$to && \
	    sed -e '' $(NAME_PIDSTAT) $B/share/fish/$$name.fish | $(INSTALL) -m 644 /dev/stdin $(DESTDIR)$(FISHCOMPDIR)/$$to.fish || \
	    exit 1; done
	sed -e '' $(NAME_PIDSTAT) $B/share/farmlock.tcsh | $(INSTALL) -m 644 /dev/stdin $(DESTDIR)$(PKGDATADIR)/farmlock.tcsh
endif
	$(INSTALL) -D -m 644 wrappers/python/farmlock.py $(DESTDIR)$(PYTHONDIR)/farmlock.py
	$(INSTALL) -d $(DESTDIR)$(TCLDIR)/farmlock
	$(INSTALL) -m 644 $(TCL_FILES) $(DESTDIR)$(TCLDIR)/farmlock
	$(INSTALL) -d $(DESTDIR)$(PKGDATADIR)/dashboard
	for file in $(FOR_ETC:share/%=%); do \
	    $(INSTALL) -D -m 644 share/$$file $(DESTDIR)$(PKGDATADIR)/$$file || exit 1; done
	$(INSTALL) -m 644 $(PAGE) $(DESTDIR)$(PKGDATADIR)/dashboard
	$(INSTALL) -m 755 share/dashboard/lockfeed $(DESTDIR)$(PKGDATADIR)/dashboard
	$(INSTALL) -d $(DESTDIR)$(PKGDATADIR)/monitoring
	$(INSTALL) -m 644 $(filter-out %/check_lockerd %/check_pidstatd,$(MONITORING)) $(DESTDIR)$(PKGDATADIR)/monitoring
	$(INSTALL) -m 755 $(filter %/check_lockerd %/check_pidstatd,$(MONITORING)) $(DESTDIR)$(PKGDATADIR)/monitoring
	for unit in $(call SHARED_DATA,$(UNITS)); do \
	    $(FILL_IN) $$unit | $(INSTALL) -m 644 /dev/stdin $(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; done
	$(INSTALL) -D -m 644 share/sysusers.d/farmlock.conf $(DESTDIR)$(SYSUSERSDIR)/farmlock.conf
	$(INSTALL) -D -m 644 share/tmpfiles.d/farmlock.conf $(DESTDIR)$(TMPFILESDIR)/farmlock.conf
	$(INSTALL) -d $(DESTDIR)$(FIREWALLDDIR)
	$(INSTALL) -m 644 $(FIREWALLD) $(DESTDIR)$(FIREWALLDDIR)
	for page in $(call SHARED_DATA,$(MAN_PAGES)); do \
	    to=$${page#share/man/}; [ $$to != man1/pidstat.1 ] || to=man1/$(PIDSTAT_NAME).1; \
	    sed $(PAGE_FOLDERS) $(NAME_PIDSTAT) $$page | $(INSTALL) -D -m 644 /dev/stdin $(DESTDIR)$(MANDIR)/$$to || exit 1; done
	for page in $(filter share/man/man3/%,$(MAN_PAGES)); do for name in $$($(NAMES_OF_PAGE) $$page); do \
	    [ $$name.3 = $${page##*/} ] || \
	    ln -sf $${page##*/} $(DESTDIR)$(MANDIR)/man3/$$name.3 || exit 1; done; done
	$(INSTALL) -m 644 README.md NEWS.md SECURITY.md LICENSE $(DESTDIR)$(PKGDOCDIR)
	for file in $(EXAMPLES); do \
	    mode=644; [ ! -x $$file ] || mode=755; \
	    $(INSTALL) -D -m $$mode $$file $(DESTDIR)$(PKGDOCDIR)/$$file || exit 1; done

# By name, whatever this build has left out, and folders of our own only where they are empty then.
.PHONY: uninstall
uninstall:
	rm -f $(EVERY_PROGRAM:%=$(DESTDIR)$(BINDIR)/%) $(EVERY_PROGRAM:%=$(DESTDIR)$(SBINDIR)/%)
	$(if $(RENAMED),rm -f $(DESTDIR)$(PKGLIBDIR)/bin/pidstat $(DESTDIR)$(MANDIR)/man1/$(RENAMED).1)
	rm -f $(DESTDIR)$(SPANKDIR)/pidwatch.so $(LIBRARIES:%=$(DESTDIR)$(LIBDIR)/%.*) $(PC_FILES:%=$(DESTDIR)$(LIBDIR)/pkgconfig/%)
	rm -f $(patsubst lib/%,$(DESTDIR)$(INCDIR)/%,$(HEADERS))
	rm -f $(patsubst share/man/%,$(DESTDIR)$(MANDIR)/%,$(if $(RENAMED),$(filter-out %/pidstat.1,$(MAN_PAGES)),$(MAN_PAGES)))
	for name in $$($(NAMES_OF_PAGE) $(filter share/man/man3/%,$(MAN_PAGES))); do \
	    rm -f $(DESTDIR)$(MANDIR)/man3/$$name.3 || exit 1; done
	rm -f $(patsubst share/systemd/%,$(DESTDIR)$(UNITDIR)/%,$(UNITS)) \
	    $(DESTDIR)$(SYSUSERSDIR)/farmlock.conf $(DESTDIR)$(TMPFILESDIR)/farmlock.conf $(FIREWALLD:share/firewalld/%=$(DESTDIR)$(FIREWALLDDIR)/%)
	rm -f $(EVERY_PROGRAM:%=$(DESTDIR)$(BASHCOMPDIR)/%) $(EVERY_PROGRAM:%=$(DESTDIR)$(ZSHCOMPDIR)/_%) \
	    $(EVERY_PROGRAM:%=$(DESTDIR)$(FISHCOMPDIR)/%.fish)
	rm -f $(DESTDIR)$(PYTHONDIR)/farmlock.py $(DESTDIR)$(PYTHONDIR)/__pycache__/farmlock.*.pyc
	rm -f $(addprefix $(DESTDIR)$(TCLDIR)/farmlock/,$(notdir $(TCL_FILES)))
	rm -f $(addprefix $(DESTDIR)$(PKGDATADIR)/,$(notdir $(wildcard share/schema/*.json)) farmlock.tcsh dashboard/index.html dashboard/lockfeed $(MONITORING:share/%=%) $(FOR_ETC:share/%=%))
	rm -f $(addprefix $(DESTDIR)$(PKGDOCDIR)/,README.md NEWS.md SECURITY.md LICENSE $(EXAMPLES))
	-for folder in $(DESTDIR)$(PKGDATADIR) $(DESTDIR)$(PKGDOCDIR) $(DESTDIR)$(SPANKDIR) $(DESTDIR)$(PKGLIBDIR) $(DESTDIR)$(TCLDIR)/farmlock; do \
	    [ ! -d $$folder ] || find $$folder -depth -type d -empty -delete; done
	-rmdir $(DESTDIR)$(FIREWALLDDIR) $(dir $(DESTDIR)$(FIREWALLDDIR)) 2>/dev/null || :
