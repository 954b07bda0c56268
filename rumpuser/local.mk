# SPDX-License-Identifier: BSD-2-Clause
# The sources of rumpuser/, headers too. One line a file, sorted.

libkern_la_SOURCES += rumpuser/bell.c
libkern_la_SOURCES += rumpuser/clock.c
libkern_la_SOURCES += rumpuser/fault.c
libkern_la_SOURCES += rumpuser/memory.c
libkern_la_SOURCES += rumpuser/rumpuser.c
libkern_la_SOURCES += rumpuser/rumpuser.h
libkern_la_SOURCES += rumpuser/sigwait.c
libkern_la_SOURCES += rumpuser/unstop.c
