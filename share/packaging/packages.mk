# Packages for Debian; included by the Makefile.

# 1~deb12 comes before 1~deb13, as an upgrade of the system wants it.  Several make a package each.
DEB_RELEASE  := $(shell sed -n 's/^VERSION_ID="\?\([0-9]*\).*/~deb\1/p' /etc/os-release 2>/dev/null)
DEB_REVISION ?= 1$(DEB_RELEASE)
# When the sources were last changed: two builds of the same make the same bytes.
SOURCE_TIME  = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y NEWS.md))
DEB_TREE     := build/deb/farmlock-$(VERSION)

# The packages are built of a copy, so that nothing of theirs is left here, nor of this build there.
.PHONY: deb
deb:
	@sh .ci/deps packages
	rm -rf build/deb
	mkdir -p $(DEB_TREE)
	tar -c --exclude=./build --exclude=./.git --mode=u+rwX,go+rX,go-w . | tar -x -C $(DEB_TREE)
	cp -R share/packaging/debian $(DEB_TREE)/debian
	for revision in $(DEB_REVISION); do \
	    sh share/packaging/changelog $(VERSION)-$$revision $(SOURCE_TIME) >$(DEB_TREE)/debian/changelog && \
	    (cd $(DEB_TREE) && unset MAKEFLAGS MAKELEVEL MFLAGS && \
	        dpkg-buildpackage -b -us -uc -j$(JOBS) $$again) || exit 1; \
	    again=-nc; done
	rm -rf $(DEB_TREE)
	@ls build/deb/*.deb

# For RPM systems; Debian's rpm knows none of Debian's packages, so they are not asked for, and has a script that
# says it is of any shell, and only bash reads.
RPM_FLAGS ?= $(if $(wildcard /etc/debian_version),--nodeps --define '__brp_compress bash %{_rpmconfigdir}/brp-compress %{_prefix}')
# Two builds of the same make the same bytes; but that of the sources tells of its folder, and so would the others if
# it was made with them, as they had a sum of it.
RPM_SAME  := --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
    --define '_buildhost localhost'
RPM_TREE  := build/rpm
.PHONY: rpm
rpm:
	@sh .ci/deps rpm
	rm -rf $(RPM_TREE)
	mkdir -p $(RPM_TREE)/SOURCES $(RPM_TREE)/farmlock-$(VERSION)
	tar -c --exclude=./build --exclude=./.git --mode=u+rwX,go+rX,go-w . | tar -x -C $(RPM_TREE)/farmlock-$(VERSION)
	tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$(SOURCE_TIME) -C $(RPM_TREE) farmlock-$(VERSION) | \
	    (umask 022 && gzip -9n >$(RPM_TREE)/SOURCES/farmlock-$(VERSION).tar.gz)
	rm -rf $(RPM_TREE)/farmlock-$(VERSION)
	umask 022 && sed -e 's/@VERSION@/$(VERSION)/' -e "s/@DAY@/$$(LC_ALL=C date -u -d @$(SOURCE_TIME) '+%a %b %d %Y')/" \
	    -e "s/@MAINTAINER@/$$(sed -n 's/^Maintainer: //p' share/packaging/debian/control)/" \
	    share/packaging/farmlock.spec >$(RPM_TREE)/farmlock.spec
	unset MAKEFLAGS MAKELEVEL MFLAGS && umask 022 && for what in -bs -bb; do SOURCE_DATE_EPOCH=$(SOURCE_TIME) \
	    rpmbuild $$what $(RPM_FLAGS) $(RPM_SAME) --define '_topdir $(CURDIR)/$(RPM_TREE)' $(RPM_TREE)/farmlock.spec || \
	    exit 1; done
	@ls $(RPM_TREE)/RPMS/*/*.rpm $(RPM_TREE)/SRPMS/*.rpm

# No error and no warning but those that rpmlintrc explains.
.PHONY: check-rpm
check-rpm: rpm
	rpmlint -s -r share/packaging/farmlock.rpmlintrc $(RPM_TREE)/RPMS/*/*.rpm $(RPM_TREE)/SRPMS/*.rpm

# In a minimal root of a Debian release, with a real systemd: installed, used, upgraded and purged; as root.
RELEASE_OF_PACKAGES := $(or $(RELEASE),bookworm)
PACKAGES_BUILD = $(or $(FARMLOCK_ROOTS),/tmp/farmlock-roots)/$(RELEASE_OF_PACKAGES)/var/farmlock-build
.PHONY: check-packages
check-packages:
	@sh .ci/deps unit release containers
	@setpriv --pdeathsig TERM sh .ci/release $(RELEASE_OF_PACKAGES) sh -c \
	    '.ci/deps packages && (umask 077 && make deb "DEB_REVISION=1~check 2~check") && \
	    tests/packages/lint.sh && tests/packages/fresh.sh'
	@FARMLOCK_LONG=1 FARMLOCK_PACKAGES=$(PACKAGES_BUILD) $(PROVE) -v -e '' tests/packages/test_packages.py
