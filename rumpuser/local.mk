# SPDX-License-Identifier: BSD-2-Clause
# The sources of rumpuser/, headers too. One line a file, sorted.

