# SPDX-License-Identifier: BSD-2-Clause
# The same work on the host and on rump, compared.

# The program of tests/parity/x.c is the line: parity_programs += tests/parity/x
parity_programs =
# Headers and data that no program's name gives away.
EXTRA_DIST +=

check_PROGRAMS += $(parity_programs)
parity_tests = $(parity_programs)
TESTS += $(parity_tests)
