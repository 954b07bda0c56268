# SPDX-License-Identifier: BSD-2-Clause
# The manual pages. One line a file, sorted.

dist_man_MANS += man/rumphijack-run.1
dist_man_MANS += man/rumphijack.3
