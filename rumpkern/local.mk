# SPDX-License-Identifier: BSD-2-Clause
# The sources of rumpkern/, headers too. One line a file, sorted.


# A hash of everything the kernel is made of. A process whose build has
# another one may not attach to an arena.
BUILT_SOURCES += rumpkern/buildid.h
CLEANFILES += rumpkern/buildid.h
rumpkern/buildid.h: $(libkern_la_SOURCES) syscalls/syscalls.master
	$(AM_V_GEN)$(MKDIR_P) rumpkern && { \
	  printf '/* Generated: the hash of the kernel sources. */\n'; \
	  { cat $^; echo '$(CC) $(RUMP_DEFS) $(SAN_CFLAGS) $(CFLAGS)'; } | \
	    sha256sum | \
	    $(SED) 's/^\(.\{16\}\).*/#define RUMP_BUILD_ID 0x\1ULL/'; \
	} >$@.tmp && mv -f $@.tmp $@
