# SPDX-License-Identifier: BSD-2-Clause
# librumphijack, the preload object: the shim with its own kernel inside.

if BUILD_HIJACK
pkglib_LTLIBRARIES += librumphijack.la
endif
librumphijack_la_CFLAGS = $(AM_CFLAGS) $(KERN_CFLAGS)
librumphijack_la_LIBADD = libkern.la
librumphijack_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,-z,now -Wl,-z,initfirst -Wl,-z,nodelete \
	-Wl,--version-script=$(top_srcdir)/hijack/librumphijack.map
librumphijack_la_DEPENDENCIES = libkern.la hijack/librumphijack.map
EXTRA_DIST += hijack/librumphijack.map
nodist_librumphijack_la_SOURCES = hijack/hjroute.c

# The sources of hijack/, headers too. One line a file, sorted.
librumphijack_la_SOURCES =
