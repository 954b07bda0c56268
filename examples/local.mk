# SPDX-License-Identifier: BSD-2-Clause
# Example programs that link librump. Two lines each, sorted.

check_PROGRAMS += examples/hello
examples_hello_LDADD = librump.la
check_PROGRAMS += examples/lwp
examples_lwp_LDADD = librump.la
check_PROGRAMS += examples/manyprocs
examples_manyprocs_LDADD = librump.la
check_PROGRAMS += examples/pool
examples_pool_LDADD = librump.la

# What they print.
TESTS += examples/hello.test
EXTRA_DIST += examples/hello.test
TESTS += examples/lwp.test
EXTRA_DIST += examples/lwp.test
TESTS += examples/manyprocs.test
EXTRA_DIST += examples/manyprocs.test
TESTS += examples/pool.test
EXTRA_DIST += examples/pool.test
