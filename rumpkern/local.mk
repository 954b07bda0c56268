# SPDX-License-Identifier: BSD-2-Clause
# The sources of rumpkern/, headers too. One line a file, sorted.

libkern_la_SOURCES += rumpkern/arena.c
libkern_la_SOURCES += rumpkern/arena.h
libkern_la_SOURCES += rumpkern/copy.S
libkern_la_SOURCES += rumpkern/copy.c
libkern_la_SOURCES += rumpkern/copy.h
libkern_la_SOURCES += rumpkern/cpu.c
libkern_la_SOURCES += rumpkern/cpu.h
libkern_la_SOURCES += rumpkern/deathwatch.c
libkern_la_SOURCES += rumpkern/deathwatch.h
libkern_la_SOURCES += rumpkern/kern.h
libkern_la_SOURCES += rumpkern/klog.c
libkern_la_SOURCES += rumpkern/klog.h
libkern_la_SOURCES += rumpkern/kmem.c
libkern_la_SOURCES += rumpkern/kmem.h
libkern_la_SOURCES += rumpkern/kmutex.c
libkern_la_SOURCES += rumpkern/kmutex.h
libkern_la_SOURCES += rumpkern/page.c
libkern_la_SOURCES += rumpkern/page.h
libkern_la_SOURCES += rumpkern/printf.c
libkern_la_SOURCES += rumpkern/reap.c
libkern_la_SOURCES += rumpkern/string.c
libkern_la_SOURCES += rumpkern/waitq.c
libkern_la_SOURCES += rumpkern/waitq.h
# A hash of everything the kernel is made of. A process whose build has
# another one may not attach to an arena.
BUILT_SOURCES += rumpkern/buildid.h
CLEANFILES += rumpkern/buildid.h
rumpkern/buildid.h: $(libkern_la_SOURCES) $(syscalls_deps)
	$(AM_V_GEN)$(MKDIR_P) rumpkern && { \
	  printf '/* Generated: a hash of the kernel sources. */\n'; \
	  { cat $^; echo '$(CC) $(RUMP_DEFS) $(SAN_CFLAGS) $(CFLAGS)'; } | \
	    sha256sum | \
	    $(SED) 's/^\(.\{16\}\).*/#define RUMP_BUILD_ID 0x\1ULL/'; \
	} >$@.tmp && mv -f $@.tmp $@
