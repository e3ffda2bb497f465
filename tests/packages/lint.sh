#!/bin/sh
# lintian on the packages of build/deb: no error and no warning but those that overrides explain.
set -eu
exec lintian --allow-root --fail-on error,warning --suppress-tags bad-distribution-in-changes-file build/deb/*-2*.changes
