# SPDX-License-Identifier: BSD-2-Clause
# Criterion programs that link the kernel's objects.

# The program of tests/unit/x.c is the line: unit_programs += tests/unit/x
unit_programs =
unit_programs += tests/unit/arena
unit_programs += tests/unit/copy
unit_programs += tests/unit/dir
unit_programs += tests/unit/file
unit_programs += tests/unit/klog
unit_programs += tests/unit/lock
unit_programs += tests/unit/lwproc
unit_programs += tests/unit/mem
unit_programs += tests/unit/memlimit
unit_programs += tests/unit/pipe
unit_programs += tests/unit/radix
# Headers and data that no program's name gives away.
EXTRA_DIST += tests/unit/unit.h

if HAVE_CRITERION
check_PROGRAMS += $(unit_programs)
unit_tests = $(unit_programs)
TESTS += $(unit_tests)
endif
