# SPDX-License-Identifier: BSD-2-Clause
# The system call table, what is made from it, and the entry points.

EXTRA_DIST += scripts/mksyscalls.awk
EXTRA_DIST += syscalls/syscalls.master

libkern_la_SOURCES += syscalls/dispatch.c
libkern_la_SOURCES += syscalls/dispatch.h
libkern_la_SOURCES += syscalls/fileops.c
libkern_la_SOURCES += syscalls/handops.c
libkern_la_SOURCES += syscalls/init.c
libkern_la_SOURCES += syscalls/init.h
libkern_la_SOURCES += syscalls/oldcalls.c
libkern_la_SOURCES += syscalls/procfiles.c
libkern_la_SOURCES += syscalls/sysdef.h
libkern_la_SOURCES += syscalls/syserr.c
libkern_la_SOURCES += syscalls/sysroute.h
libkern_la_SOURCES += syscalls/systrace.c
libkern_la_SOURCES += syscalls/systrace.h
libkern_la_SOURCES += syscalls/tracebuf.c
libkern_la_SOURCES += syscalls/tracebuf.h
libkern_la_SOURCES += syscalls/traceflags.c
libkern_la_SOURCES += syscalls/traceval.c
libkern_la_SOURCES += syscalls/traceval.h
nodist_libkern_la_SOURCES += syscalls/rump_syscalls.c
nodist_libkern_la_SOURCES += syscalls/sysdesc.c
nodist_libkern_la_SOURCES += syscalls/sysent.c
nodist_rumpinclude_HEADERS += include/rump/rump_syscalls.h

syscalls_generated = \
	hijack/hjroute.c \
	include/rump/rump_syscalls.h \
	man/syscalls.mdoc \
	syscalls/rump_syscalls.c \
	syscalls/sysargs.h \
	syscalls/sysdesc.c \
	syscalls/sysent.c \
	syscalls/sysnum.h
BUILT_SOURCES += $(syscalls_generated)
CLEANFILES += $(syscalls_generated)

syscalls_deps = scripts/mksyscalls.awk syscalls/syscalls.master
# $(call mksyscalls,KIND): make $@ from the table.
mksyscalls = $(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(AWK) -v out=$(1) -v arch=$(RUMP_ARCH) \
	  -f $(srcdir)/scripts/mksyscalls.awk \
	  $(srcdir)/syscalls/syscalls.master >$@.tmp && mv -f $@.tmp $@

include/rump/rump_syscalls.h: $(syscalls_deps)
	$(call mksyscalls,api_h)
syscalls/sysnum.h: $(syscalls_deps)
	$(call mksyscalls,sysnum_h)
syscalls/sysargs.h: $(syscalls_deps)
	$(call mksyscalls,sysargs_h)
syscalls/sysent.c: $(syscalls_deps)
	$(call mksyscalls,sysent_c)
syscalls/rump_syscalls.c: $(syscalls_deps)
	$(call mksyscalls,api_c)
syscalls/sysdesc.c: $(syscalls_deps)
	$(call mksyscalls,trace_c)
hijack/hjroute.c: $(syscalls_deps)
	$(call mksyscalls,route_c)
man/syscalls.mdoc: $(syscalls_deps)
	$(call mksyscalls,man)
