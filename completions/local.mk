# SPDX-License-Identifier: BSD-2-Clause
# Shell completion.

dist_bashcompletion_DATA = completions/rumphijack-run
