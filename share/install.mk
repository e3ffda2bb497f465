# Installing; included by the Makefile.

MAN_PAGES := $(wildcard share/man/man*/*)
# Nothing is installed about programs that are not.
SHARED_DATA  = $(filter-out $(ABSENT:%=share/completions/%) $(ABSENT:%=share/systemd/%.service) \
               $(ABSENT:%=share/man/man8/%.8),$(wildcard $(1)))

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
	for name in $(LIBRARIES); do \
	    ln -sf $$name.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$$name.so.$(SOVERSION) && \
	    ln -sf $$name.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/$$name.so || exit 1; done
	for name in $(PC_FILES); do \
	    $(FILL_IN) lib/$$name.in >$(DESTDIR)$(LIBDIR)/pkgconfig/$$name || exit 1; done
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
	rm -f $(DESTDIR)$(LIBDIR)/slurm/pidwatch.so $(LIBRARIES:%=$(DESTDIR)$(LIBDIR)/%.*) $(PC_FILES:%=$(DESTDIR)$(LIBDIR)/pkgconfig/%)
	rm -f $(patsubst lib/%,$(DESTDIR)$(INCDIR)/%,$(HEADERS))
	rm -f $(patsubst share/man/%,$(DESTDIR)$(MANDIR)/%,$(MAN_PAGES))
	rm -f $(patsubst share/systemd/%,$(DESTDIR)$(UNITDIR)/%,$(wildcard share/systemd/*))
	rm -f $(patsubst share/completions/%,$(DESTDIR)$(COMPDIR)/%,$(wildcard share/completions/*))
	rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)
