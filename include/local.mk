# SPDX-License-Identifier: BSD-2-Clause
# The public headers. One line a file, sorted.

rumpinclude_HEADERS += include/rump/lwp.h
rumpinclude_HEADERS += include/rump/rump.h
