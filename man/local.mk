# SPDX-License-Identifier: BSD-2-Clause
# The manual pages. One line a file, sorted.

dist_man_MANS += man/_lwp.2
dist_man_MANS += man/_lwp_create.2
dist_man_MANS += man/rump.3
dist_man_MANS += man/rump_lwproc.3
dist_man_MANS += man/rumphijack-run.1
dist_man_MANS += man/rumphijack.3

# The table of rump_syscalls(3) comes from syscalls/syscalls.master.
EXTRA_DIST += man/rump_syscalls.3.in
nodist_man_MANS += man/rump_syscalls.3
CLEANFILES += man/rump_syscalls.3
man/rump_syscalls.3: man/rump_syscalls.3.in man/syscalls.mdoc
	$(AM_V_GEN)$(SED) -e '/^@TABLE@$$/{r man/syscalls.mdoc' -e 'd;}' \
	  $(srcdir)/man/rump_syscalls.3.in >$@.tmp && mv -f $@.tmp $@

# The other names of the functions of _lwp(2) and _lwp_create(2).
lwp_names = continue detach exit getname getprivate kill park self \
	setname setprivate suspend unpark unpark_all wait wakeup

install-data-hook:
	cd '$(DESTDIR)$(man2dir)' && for name in $(lwp_names); do \
	  $(LN_S) -f _lwp.2 _lwp_$$name.2 || exit 1; \
	done && $(LN_S) -f _lwp_create.2 _lwp_makecontext.2

uninstall-hook:
	for name in $(lwp_names) makecontext; do \
	  rm -f '$(DESTDIR)$(man2dir)'/_lwp_$$name.2; \
	done
