# SPDX-License-Identifier: BSD-2-Clause
# The sources of lwproc/, headers too. One line a file, sorted.

libkern_la_SOURCES += lwproc/check.c
libkern_la_SOURCES += lwproc/cred.c
libkern_la_SOURCES += lwproc/file.c
libkern_la_SOURCES += lwproc/file.h
libkern_la_SOURCES += lwproc/filedesc.c
libkern_la_SOURCES += lwproc/hostfile.c
libkern_la_SOURCES += lwproc/hostfile.h
libkern_la_SOURCES += lwproc/lwp.c
libkern_la_SOURCES += lwproc/pid.c
libkern_la_SOURCES += lwproc/proc.c
libkern_la_SOURCES += lwproc/proc.h
libkern_la_SOURCES += lwproc/pub.c
libkern_la_SOURCES += lwproc/reap.c
libkern_la_SOURCES += lwproc/sys_proc.c
libkern_la_SOURCES += lwproc/transit.c
libkern_la_SOURCES += lwproc/transit.h
