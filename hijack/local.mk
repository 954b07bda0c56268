# SPDX-License-Identifier: BSD-2-Clause
# librumphijack, the preload object: the shim with its own kernel inside.

if BUILD_HIJACK
pkglib_LTLIBRARIES += librumphijack.la
endif
librumphijack_la_CFLAGS = $(AM_CFLAGS) $(KERN_CFLAGS)
librumphijack_la_LIBADD = libhjscan.la libkern.la

# The scan of the text, alone, may use vector registers: nothing of the
# program runs yet.
noinst_LTLIBRARIES += libhjscan.la
libhjscan_la_CFLAGS = $(AM_CFLAGS) $(HJSCAN_CFLAGS)
libhjscan_la_SOURCES = hijack/rewrite.c hijack/rewrite.h
librumphijack_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,-z,now -Wl,-z,initfirst -Wl,-z,nodelete \
	-Wl,--version-script=$(top_srcdir)/hijack/librumphijack.map
librumphijack_la_DEPENDENCIES = libhjscan.la libkern.la hijack/librumphijack.map
EXTRA_DIST += hijack/librumphijack.map
nodist_librumphijack_la_SOURCES = hijack/hjroute.c

# The sources of hijack/, headers too. One line a file, sorted.
librumphijack_la_SOURCES =
librumphijack_la_SOURCES += hijack/aio.c
librumphijack_la_SOURCES += hijack/aio.h
librumphijack_la_SOURCES += hijack/aiorec.c
librumphijack_la_SOURCES += hijack/aiorec.h
librumphijack_la_SOURCES += hijack/aiowait.c
librumphijack_la_SOURCES += hijack/cwd.c
librumphijack_la_SOURCES += hijack/dispatch.c
librumphijack_la_SOURCES += hijack/elfmod.c
librumphijack_la_SOURCES += hijack/elfmod.h
librumphijack_la_SOURCES += hijack/entry.S
librumphijack_la_SOURCES += hijack/env.c
librumphijack_la_SOURCES += hijack/env.h
librumphijack_la_SOURCES += hijack/epoll.c
librumphijack_la_SOURCES += hijack/epoll.h
librumphijack_la_SOURCES += hijack/epoll_ctl.c
librumphijack_la_SOURCES += hijack/exec.c
librumphijack_la_SOURCES += hijack/fd.c
librumphijack_la_SOURCES += hijack/hijack.h
librumphijack_la_SOURCES += hijack/ids.c
librumphijack_la_SOURCES += hijack/image.c
librumphijack_la_SOURCES += hijack/image.h
librumphijack_la_SOURCES += hijack/kick.c
librumphijack_la_SOURCES += hijack/kick.h
librumphijack_la_SOURCES += hijack/inotify.c
librumphijack_la_SOURCES += hijack/lazy.c
librumphijack_la_SOURCES += hijack/libs.c
librumphijack_la_SOURCES += hijack/libs.h
librumphijack_la_SOURCES += hijack/loader.c
librumphijack_la_SOURCES += hijack/mmap.c
librumphijack_la_SOURCES += hijack/origin.c
librumphijack_la_SOURCES += hijack/path.c
librumphijack_la_SOURCES += hijack/path2.c
librumphijack_la_SOURCES += hijack/poll.c
librumphijack_la_SOURCES += hijack/process.c
librumphijack_la_SOURCES += hijack/procfd.c
librumphijack_la_SOURCES += hijack/procmounts.c
librumphijack_la_SOURCES += hijack/procnet.c
librumphijack_la_SOURCES += hijack/seccomp.c
librumphijack_la_SOURCES += hijack/signal.c
librumphijack_la_SOURCES += hijack/sitecache.c
librumphijack_la_SOURCES += hijack/sitecache.h
librumphijack_la_SOURCES += hijack/socket.c
librumphijack_la_SOURCES += hijack/spec.c
librumphijack_la_SOURCES += hijack/start.c
librumphijack_la_SOURCES += hijack/store.c
librumphijack_la_SOURCES += hijack/store.h
librumphijack_la_SOURCES += hijack/stub.c
librumphijack_la_SOURCES += hijack/stub.h
librumphijack_la_SOURCES += hijack/sunhost.c
librumphijack_la_SOURCES += hijack/sunpath.c
librumphijack_la_SOURCES += hijack/sunpath.h
librumphijack_la_SOURCES += hijack/symlink.c
librumphijack_la_SOURCES += hijack/text.c
librumphijack_la_SOURCES += hijack/text.h
librumphijack_la_SOURCES += hijack/trace.c
librumphijack_la_SOURCES += hijack/transit.c
librumphijack_la_SOURCES += hijack/transit.h
librumphijack_la_SOURCES += hijack/unix.c
librumphijack_la_SOURCES += hijack/unix.h
librumphijack_la_SOURCES += hijack/unixmsg.c
librumphijack_la_SOURCES += hijack/unixname.c
librumphijack_la_SOURCES += hijack/unixname.h
librumphijack_la_SOURCES += hijack/uring.c
librumphijack_la_SOURCES += hijack/uring.h
librumphijack_la_SOURCES += hijack/xfer.c
