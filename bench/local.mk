# SPDX-License-Identifier: BSD-2-Clause
# The benchmark: make bench [BENCH='row ...'].

# The program of bench/x.c is the line: bench_programs += bench/x
bench_programs =
EXTRA_DIST +=

# Built by `make check` too, so that it keeps compiling.
check_PROGRAMS += $(bench_programs)

bench: all $(bench_programs)
	@$(tests_environment) bench/bench$(EXEEXT) $(BENCH)

.PHONY: bench
