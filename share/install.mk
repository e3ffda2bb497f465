# Completions and installing; included by the Makefile.

MAN_PAGES := $(wildcard share/man/man*/*)
# Nothing is installed about programs that are not.
SHARED_DATA  = $(filter-out $(ABSENT:%=share/systemd/%.service) $(ABSENT:%=share/man/man8/%.8),$(wildcard $(1)))

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

.PHONY: install
install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig \
	    $(DESTDIR)$(INCDIR) $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR) $(DESTDIR)$(UNITDIR) \
	    $(if $(COMPLETED),$(DESTDIR)$(BASHCOMPDIR) $(DESTDIR)$(ZSHCOMPDIR) $(DESTDIR)$(FISHCOMPDIR))
	$(INSTALL) -m 755 $(addprefix $B/bin/,$(filter-out $(SLURM_WRAPPERS),$(WRAPPERS))) $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 755 $(addprefix $B/bin/,$(DAEMONS) $(SLURM_WRAPPERS)) $(DESTDIR)$(SBINDIR)
	$(INSTALL) -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)
	$(if $(SPANK),$(INSTALL) -D -m 755 $(SPANK) $(DESTDIR)$(LIBDIR)/slurm/pidwatch.so)
	$(INSTALL) -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)
	for name in $(LIBRARIES); do \
	    ln -sf $$name.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$$name.so.$(SOVERSION) && \
	    ln -sf $$name.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/$$name.so || exit 1; done
	for name in $(PC_FILES); do \
	    $(FILL_IN) lib/$$name.in >$(DESTDIR)$(LIBDIR)/pkgconfig/$$name || exit 1; done
	$(INSTALL) -m 644 $(HEADERS) $(DESTDIR)$(INCDIR)
	$(INSTALL) -m 644 $(wildcard share/schema/*.json) $(DESTDIR)$(DATADIR)
ifneq ($(COMPLETED),)
	$(INSTALL) -m 644 $(COMPLETED:%=$B/share/bash/%) $(DESTDIR)$(BASHCOMPDIR)
	$(INSTALL) -m 644 $(COMPLETED:%=$B/share/zsh/_%) $(DESTDIR)$(ZSHCOMPDIR)
	$(INSTALL) -m 644 $(COMPLETED:%=$B/share/fish/%.fish) $(DESTDIR)$(FISHCOMPDIR)
	$(INSTALL) -m 644 $B/share/farmlock.tcsh $(DESTDIR)$(DATADIR)
endif
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
	rm -f $(DESTDIR)$(LIBDIR)/slurm/pidwatch.so $(LIBRARIES:%=$(DESTDIR)$(LIBDIR)/%.*) $(PC_FILES:%=$(DESTDIR)$(LIBDIR)/pkgconfig/%)
	rm -f $(patsubst lib/%,$(DESTDIR)$(INCDIR)/%,$(HEADERS))
	rm -f $(patsubst share/man/%,$(DESTDIR)$(MANDIR)/%,$(MAN_PAGES))
	rm -f $(patsubst share/systemd/%,$(DESTDIR)$(UNITDIR)/%,$(wildcard share/systemd/*))
	rm -f $(PROGRAMS:%=$(DESTDIR)$(BASHCOMPDIR)/%) $(PROGRAMS:%=$(DESTDIR)$(ZSHCOMPDIR)/_%) $(PROGRAMS:%=$(DESTDIR)$(FISHCOMPDIR)/%.fish)
	rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)
