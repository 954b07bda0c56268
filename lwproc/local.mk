# SPDX-License-Identifier: BSD-2-Clause
# The sources of lwproc/, headers too. One line a file, sorted.

