# SPDX-License-Identifier: BSD-2-Clause
# Death at every logged write; needs --enable-crashtest.

# The program of tests/crash/x.c is the line: crash_programs += tests/crash/x
crash_programs =
# Headers and data that no program's name gives away.
EXTRA_DIST +=

if CRASHTEST
check_PROGRAMS += $(crash_programs)
endif
crash_tests = $(crash_programs)
if CRASHTEST
TESTS += $(crash_tests)
endif
