# SPDX-License-Identifier: BSD-2-Clause
# The benchmark: make bench [BENCH='row ...'].

# bench/bench runs the others; see bench/bench.c.
bench_programs = bench/bench bench/apicalls bench/lwpcalls bench/timeit \
	bench/servers
bench_bench_SOURCES = bench/bench.c bench/child.c bench/child.h \
	bench/measure.c bench/measure.h bench/tree.c bench/tree.h
bench_bench_LDADD =
bench_apicalls_SOURCES = bench/apicalls.c bench/calls.c bench/calls.h \
	bench/measure.c bench/measure.h bench/netrows.c bench/rows.c
bench_apicalls_LDADD = librump.la
bench_apicalls_LDFLAGS = $(AM_LDFLAGS) -no-install
bench_lwpcalls_SOURCES = bench/lwpcalls.c bench/measure.c bench/measure.h
bench_lwpcalls_LDADD = librump.la
bench_lwpcalls_LDFLAGS = $(AM_LDFLAGS) -no-install
bench_timeit_SOURCES = bench/timeit.c bench/measure.c bench/measure.h
bench_timeit_LDADD =
bench_servers_SOURCES = bench/servers.c bench/measure.c bench/measure.h
bench_servers_LDADD =
if BUILD_HIJACK
bench_programs += bench/hjcalls
endif
bench_hjcalls_SOURCES = bench/hjcalls.c bench/calls.c bench/calls.h \
	bench/measure.c bench/measure.h bench/netrows.c bench/rows.c
bench_hjcalls_LDADD =

# Built by `make check` too, so that it keeps compiling.
check_PROGRAMS += $(bench_programs)

bench: all $(bench_programs)
	@bench/bench$(EXEEXT) $(BENCH)

.PHONY: bench
