# SPDX-License-Identifier: BSD-2-Clause
# Real programs under the shim: shell scripts that speak TAP.

# A script is the line: integration_tests += tests/integration/x.test
integration_tests =
# Programs that the scripts run.
integration_programs =
# What the scripts share.
EXTRA_DIST +=

EXTRA_DIST += $(integration_tests)
if BUILD_HIJACK
check_PROGRAMS += $(integration_programs)
TESTS += $(integration_tests)
endif
