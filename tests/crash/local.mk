# SPDX-License-Identifier: BSD-2-Clause
# Death at every logged write; needs --enable-crashtest.

# The program of tests/crash/x.c is the line: crash_programs += tests/crash/x
crash_programs =
crash_programs += tests/crash/death
crash_programs += tests/crash/epoll
crash_programs += tests/crash/inotify
crash_programs += tests/crash/netconf
crash_programs += tests/crash/reaper
crash_programs += tests/crash/sleeper
crash_programs += tests/crash/sock
crash_programs += tests/crash/sock_icmp
crash_programs += tests/crash/sock_inet
crash_programs += tests/crash/transit
crash_programs += tests/crash/waiter
crash_common = \
	tests/crash/crash.c \
	tests/crash/crash.h \
	tests/crash/ops_data.c \
	tests/crash/ops_file.c \
	tests/crash/ops_name.c \
	tests/crash/ops_proc.c
crash_shared = tests/crash/shared.c tests/crash/shared.h $(crash_common)
tests_crash_death_SOURCES = tests/crash/death.c $(crash_common)
tests_crash_epoll_SOURCES = tests/crash/epoll.c $(crash_shared)
tests_crash_inotify_SOURCES = tests/crash/inotify.c $(crash_shared)
tests_crash_netconf_SOURCES = tests/crash/netconf.c $(crash_shared)
tests_crash_reaper_SOURCES = tests/crash/reaper.c $(crash_common)
tests_crash_sleeper_SOURCES = tests/crash/sleeper.c $(crash_common)
tests_crash_sock_SOURCES = tests/crash/sock.c $(crash_shared)
tests_crash_sock_icmp_SOURCES = tests/crash/sock_icmp.c $(crash_shared)
tests_crash_sock_inet_SOURCES = tests/crash/sock_inet.c $(crash_shared)
tests_crash_transit_SOURCES = tests/crash/transit.c $(crash_common)
tests_crash_waiter_SOURCES = tests/crash/waiter.c $(crash_common)
# Headers and data that no program's name gives away.
EXTRA_DIST +=

if CRASHTEST
check_PROGRAMS += $(crash_programs)
endif
crash_tests = $(crash_programs)
if CRASHTEST
TESTS += $(crash_tests)
endif
