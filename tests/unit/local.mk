# SPDX-License-Identifier: BSD-2-Clause
# Criterion programs that link the kernel's objects.

# The program of tests/unit/x.c is the line: unit_programs += tests/unit/x
unit_programs =
unit_programs += tests/unit/arena
unit_programs += tests/unit/copy
unit_programs += tests/unit/cpu
unit_programs += tests/unit/diag
unit_programs += tests/unit/dir
unit_programs += tests/unit/epoll
unit_programs += tests/unit/epoll_random
unit_programs += tests/unit/epoll_sleep
unit_programs += tests/unit/eventfd
unit_programs += tests/unit/file
unit_programs += tests/unit/icmp
unit_programs += tests/unit/inotify
unit_programs += tests/unit/inotify_random
unit_programs += tests/unit/klog
unit_programs += tests/unit/lock
unit_programs += tests/unit/lwp_create
unit_programs += tests/unit/lwp_end
unit_programs += tests/unit/lwp_misc
unit_programs += tests/unit/lwp_park
unit_programs += tests/unit/lwp_stop
unit_programs += tests/unit/lwproc
unit_programs += tests/unit/lwproc_cred
unit_programs += tests/unit/lwproc_errno
unit_programs += tests/unit/lwproc_fds
unit_programs += tests/unit/lwproc_init
unit_programs += tests/unit/lwproc_panic
unit_programs += tests/unit/lwproc_pids
unit_programs += tests/unit/mem
unit_programs += tests/unit/memlimit
unit_programs += tests/unit/netlink
unit_programs += tests/unit/pipe
unit_programs += tests/unit/procfs
unit_programs += tests/unit/radix
unit_programs += tests/unit/sock_cork
unit_programs += tests/unit/sock_creds
unit_programs += tests/unit/sock_dead
unit_programs += tests/unit/sock_defer
unit_programs += tests/unit/sock_host
unit_programs += tests/unit/sock_local
unit_programs += tests/unit/sock_localdgram
unit_programs += tests/unit/sock_localname
unit_programs += tests/unit/sock_msg
unit_programs += tests/unit/sock_opt
unit_programs += tests/unit/sock_rights
unit_programs += tests/unit/sock_splice
unit_programs += tests/unit/sock_tcp
unit_programs += tests/unit/sock_tcpdata
unit_programs += tests/unit/sock_udp
unit_programs += tests/unit/sock_urgent
unit_programs += tests/unit/timerfd
unit_programs += tests/unit/transit
# Headers and data that no program's name gives away.
EXTRA_DIST += tests/unit/both.h tests/unit/lwp.h tests/unit/lwproc.h tests/unit/netboth.h tests/unit/netinet.h tests/unit/nlmsg.h tests/unit/notifyboth.h tests/unit/socklocal.h tests/unit/sockmsg.h tests/unit/unit.h

# The _lwp_*(2) library beside the kernel.
tests_unit_lwp_create_LDADD = liblwp.la $(LDADD)
tests_unit_lwp_end_LDADD = liblwp.la $(LDADD)
tests_unit_lwp_misc_LDADD = liblwp.la $(LDADD)
tests_unit_lwp_park_LDADD = liblwp.la $(LDADD)
tests_unit_lwp_stop_LDADD = liblwp.la $(LDADD)

if HAVE_CRITERION
check_PROGRAMS += $(unit_programs)
unit_tests = $(unit_programs)
TESTS += $(unit_tests)
endif
