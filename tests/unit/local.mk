# SPDX-License-Identifier: BSD-2-Clause
# Criterion programs that link the kernel's objects.

# The program of tests/unit/x.c is the line: unit_programs += tests/unit/x
unit_programs =
# Headers and data that no program's name gives away.
EXTRA_DIST +=

if HAVE_CRITERION
check_PROGRAMS += $(unit_programs)
unit_tests = $(unit_programs)
TESTS += $(unit_tests)
endif
