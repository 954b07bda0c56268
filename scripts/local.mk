# SPDX-License-Identifier: BSD-2-Clause
# rumphijack-run, and the scripts that only the source tree needs.

EXTRA_DIST += scripts/check
EXTRA_DIST += scripts/demo
EXTRA_DIST += scripts/needs
EXTRA_DIST += scripts/quickstart
EXTRA_DIST += scripts/rumphijack-run.in

bin_SCRIPTS += rumphijack-run
CLEANFILES += rumphijack-run
rumphijack-run: scripts/rumphijack-run.in Makefile
	$(AM_V_GEN)$(SED) -e 's|@pkglibdir[@]|$(pkglibdir)|g' \
	  -e 's|@bindir[@]|$(bindir)|g' \
	  -e 's|@VERSION[@]|$(VERSION)|g' \
	  $(srcdir)/scripts/rumphijack-run.in >$@.tmp && \
	chmod +x $@.tmp && mv -f $@.tmp $@
