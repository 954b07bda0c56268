# SPDX-License-Identifier: BSD-2-Clause
# The same work on the host and on rump, compared.

# The program of tests/parity/x.c is the line: parity_programs += tests/parity/x
# It is an ordinary program: it links nothing of ours. The script that runs it
# under the shim is the line: parity_tests += tests/parity/x.test
parity_programs =
parity_tests =
# Headers and data that no program's name gives away.
EXTRA_DIST +=

# What the fuzzers share.
fuzz_sources = \
	tests/parity/fuzz.c \
	tests/parity/fuzz.h \
	tests/parity/fuzz_gen.c \
	tests/parity/fuzz_run.c \
	tests/parity/fuzz_shrink.c \
	tests/parity/fuzz_tree.c

parity_programs += tests/parity/fsfuzz
tests_parity_fsfuzz_SOURCES = $(fuzz_sources) \
	tests/parity/fsfuzz.c \
	tests/parity/fsfuzz.h \
	tests/parity/fsfuzz_arg.c \
	tests/parity/fsfuzz_dir.c \
	tests/parity/fsfuzz_fd.c \
	tests/parity/fsfuzz_gen.c \
	tests/parity/fsfuzz_rules.c \
	tests/parity/fsfuzz_look.c \
	tests/parity/fsfuzz_name.c \
	tests/parity/fsfuzz_ops.h \
	tests/parity/fsfuzz_run.c \
	tests/parity/fsfuzz_map.c \
	tests/parity/fsfuzz_share.c \
	tests/parity/fsfuzz_stay.c
tests_parity_fsfuzz_LDADD =
parity_tests += tests/parity/fsfuzz.test

parity_programs += tests/parity/netfuzz
tests_parity_netfuzz_SOURCES = $(fuzz_sources) \
	tests/parity/netfuzz.c \
	tests/parity/netfuzz.h \
	tests/parity/netfuzz_addr.c \
	tests/parity/netfuzz_arg.c \
	tests/parity/netfuzz_bulk.c \
	tests/parity/netfuzz_ctl.c \
	tests/parity/netfuzz_gen.c \
	tests/parity/netfuzz_host.c \
	tests/parity/netfuzz_look.c \
	tests/parity/netfuzz_msg.c \
	tests/parity/netfuzz_ops.h \
	tests/parity/netfuzz_opt.c \
	tests/parity/netfuzz_poll.c \
	tests/parity/netfuzz_rules.c \
	tests/parity/netfuzz_sock.c
tests_parity_netfuzz_LDADD =
parity_tests += tests/parity/netfuzz.test

parity_programs += tests/parity/fileconf
tests_parity_fileconf_SOURCES = \
	tests/parity/fileconf.c \
	tests/parity/fileconf.h \
	tests/parity/fileconf_acl.c \
	tests/parity/fileconf_attr.c \
	tests/parity/fileconf_data.c \
	tests/parity/fileconf_dir.c \
	tests/parity/fileconf_flags.c \
	tests/parity/fileconf_map.c \
	tests/parity/fileconf_handle.c \
	tests/parity/fileconf_name.c \
	tests/parity/fileconf_notify.c \
	tests/parity/fileconf_open.c \
	tests/parity/fileconf_perm.c \
	tests/parity/fileconf_splice.c \
	tests/parity/fileconf_time.c
# Wrong arguments are what it is about.
tests_parity_fileconf_CFLAGS = $(AM_CFLAGS) -Wno-nonnull \
	-Wno-stringop-overread -Wno-stringop-overflow -Wno-unused-result
tests_parity_fileconf_LDADD =
parity_tests += tests/parity/fileconf.test

EXTRA_DIST += $(parity_tests)
if BUILD_HIJACK
check_PROGRAMS += $(parity_programs)
TESTS += $(parity_tests)
endif
