# SPDX-License-Identifier: BSD-2-Clause
# Example programs that link librump. Two lines each, sorted.

# noinst_PROGRAMS += examples/x
# examples_x_LDADD = librump.la
