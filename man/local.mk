# SPDX-License-Identifier: BSD-2-Clause
# The manual pages. One line a file, sorted.

dist_man_MANS += man/rumphijack-run.1
dist_man_MANS += man/rumphijack.3

# The table of rump_syscalls(3) comes from syscalls/syscalls.master.
EXTRA_DIST += man/rump_syscalls.3.in
nodist_man_MANS += man/rump_syscalls.3
CLEANFILES += man/rump_syscalls.3
man/rump_syscalls.3: man/rump_syscalls.3.in man/syscalls.mdoc
	$(AM_V_GEN)$(SED) -e '/^@TABLE@$$/{r man/syscalls.mdoc' -e 'd;}' \
	  $(srcdir)/man/rump_syscalls.3.in >$@.tmp && mv -f $@.tmp $@
