# SPDX-License-Identifier: BSD-2-Clause
# The project's own autoconf macros.

# RUMP_ARG_ENABLE(NAME, HELP)
# An --enable-NAME that is off unless asked for; sets enable_NAME to yes or no.
AC_DEFUN([RUMP_ARG_ENABLE], [
AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$2])],
	[AS_IF([test "$enableval" != no], [enable_$1=yes])], [enable_$1=no])
])

# RUMP_APPEND_FLAGS(VARIABLE, FLAGS)
# Append to VARIABLE each of FLAGS that the compiler takes without a warning.
AC_DEFUN([RUMP_APPEND_FLAGS], [
for rump_flag in m4_normalize([$2]); do
	AC_MSG_CHECKING([whether $CC takes $rump_flag])
	rump_saved_cflags=$CFLAGS
	CFLAGS="$CFLAGS -Werror $rump_flag"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int rump_flag_test;]])],
		[AC_MSG_RESULT([yes])
		AS_VAR_APPEND([$1], [" $rump_flag"])],
		[AC_MSG_RESULT([no])])
	CFLAGS=$rump_saved_cflags
done
])
