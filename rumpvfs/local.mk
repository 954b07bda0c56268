# SPDX-License-Identifier: BSD-2-Clause
# The sources of rumpvfs/, headers too. One line a file, sorted.

