# SPDX-License-Identifier: BSD-2-Clause
# The _lwp_*(2) library: not of the kernel, and so free to use libc. Only
# librump gets it.

noinst_LTLIBRARIES += liblwp.la
liblwp_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden -ftls-model=initial-exec

# The sources of lwp/, headers too. One line a file, sorted.
liblwp_la_SOURCES =
liblwp_la_SOURCES += lwp/create.c
liblwp_la_SOURCES += lwp/name.c
liblwp_la_SOURCES += lwp/park.c
liblwp_la_SOURCES += lwp/stop.c
liblwp_la_SOURCES += lwp/switch.S
liblwp_la_SOURCES += lwp/table.c
liblwp_la_SOURCES += lwp/ulwp.h
liblwp_la_SOURCES += lwp/wait.c
