# SPDX-License-Identifier: BSD-2-Clause
# Threads and processes against the kernel, plain C with TAP; run under TSan.

# The program of tests/stress/x.c is the line: stress_programs += tests/stress/x
stress_programs =
stress_programs += tests/stress/epoll
stress_programs += tests/stress/inotify
stress_programs += tests/stress/killed
stress_programs += tests/stress/lwp
stress_programs += tests/stress/lwproc
stress_programs += tests/stress/sock
stress_programs += tests/stress/threads
stress_common = tests/stress/stress.c tests/stress/stress.h
stress_swarm = tests/stress/swarm.c tests/stress/swarm.h $(stress_common)
tests_stress_epoll_SOURCES = tests/stress/epoll.c $(stress_swarm)
tests_stress_inotify_SOURCES = tests/stress/inotify.c $(stress_swarm)
tests_stress_killed_SOURCES = tests/stress/killed.c $(stress_common)
tests_stress_lwp_SOURCES = tests/stress/lwp.c $(stress_common)
tests_stress_lwp_LDADD = liblwp.la $(LDADD)
tests_stress_lwproc_SOURCES = tests/stress/lwproc.c $(stress_common)
tests_stress_sock_SOURCES = \
	tests/stress/sock.c \
	tests/stress/sockops.c \
	tests/stress/sockops.h \
	$(stress_swarm)
tests_stress_threads_SOURCES = tests/stress/threads.c $(stress_common)
# Headers and data that no program's name gives away.
EXTRA_DIST +=

check_PROGRAMS += $(stress_programs)
stress_tests = $(stress_programs)
TESTS += $(stress_tests)
