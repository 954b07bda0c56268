# SPDX-License-Identifier: BSD-2-Clause
# Real programs under the shim: shell scripts that speak TAP.

# A script is the line: integration_tests += tests/integration/x.test
integration_tests =
# Programs that the scripts run.
integration_programs =
# What the scripts share.
EXTRA_DIST += tests/integration/lib.sh tests/integration/server.sh

integration_tests += tests/integration/aio.test
integration_tests += tests/integration/archive.test
integration_tests += tests/integration/bigtree.test
integration_tests += tests/integration/build.test
integration_tests += tests/integration/coreutils.test
integration_tests += tests/integration/cross.test
integration_tests += tests/integration/editors.test
integration_tests += tests/integration/embed.test
integration_tests += tests/integration/exports.test
integration_tests += tests/integration/files-build.test
integration_tests += tests/integration/files-full.test
integration_tests += tests/integration/files-paths.test
integration_tests += tests/integration/files-programs.test
integration_tests += tests/integration/harness.test
integration_tests += tests/integration/hijack-exec.test
integration_tests += tests/integration/hijack-fds.test
integration_tests += tests/integration/hijack-fork.test
integration_tests += tests/integration/hijack-kill.test
integration_tests += tests/integration/hijack-mmap.test
integration_tests += tests/integration/hijack-signals.test
integration_tests += tests/integration/languages.test
integration_tests += tests/integration/mounts.test
integration_tests += tests/integration/net-names.test
integration_tests += tests/integration/net-data.test
integration_tests += tests/integration/net-death.test
integration_tests += tests/integration/net-config.test
integration_tests += tests/integration/net-programs.test
integration_tests += tests/integration/net-rights.test
integration_tests += tests/integration/net-show.test
integration_tests += tests/integration/net-tools.test
integration_tests += tests/integration/net-web.test
integration_tests += tests/integration/net.test
integration_tests += tests/integration/notify.test
integration_tests += tests/integration/poll.test
integration_tests += tests/integration/process.test
integration_tests += tests/integration/programs.test
integration_tests += tests/integration/sandbox.test
integration_tests += tests/integration/shell.test
integration_tests += tests/integration/shim.test
integration_tests += tests/integration/signals.test
integration_tests += tests/integration/stopped.test
integration_tests += tests/integration/text.test
integration_tests += tests/integration/unix-rump.test
integration_tests += tests/integration/unix.test

EXTRA_DIST += $(integration_tests)
if BUILD_HIJACK
check_PROGRAMS += $(integration_programs)
TESTS += $(integration_tests)
endif
