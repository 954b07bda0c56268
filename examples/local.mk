# SPDX-License-Identifier: BSD-2-Clause
# Example programs that link librump. Two lines each, sorted.

check_PROGRAMS += examples/hello
examples_hello_LDADD = librump.la

# What they print.
TESTS += examples/hello.test
EXTRA_DIST += examples/hello.test
