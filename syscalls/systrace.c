/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * systrace: what the tracer writes for a call.
 *
 * The table made from syscalls.master tells the kind of each argument; a kind
 * is shown by one function here.  Results are shown only if the call did not
 * fail, as only then there are any.
 */
#include "syscalls/systrace.h"

#include "syscalls/sysdef.h"
#include "syscalls/sysnum.h"
#include "syscalls/traceval.h"

#include <fcntl.h>

#define MAXERRNO 4095

/* How much of what it asked for it got. */
static size_t
filled(const struct trace *t, int i)
{
	size_t len = trace_length(t, i);

	if (t->t_desc->sd_ret == SYSRET_SSIZE)
		return kmin(len, (size_t)t->t_ret);
	return len;
}

static void
show_fd(struct trace *t, int i)
{
	tb_dec(&t->t_tb, (int)t->t_args[i]);
}

static void
show_dirfd(struct trace *t, int i)
{
	if ((int)t->t_args[i] == AT_FDCWD)
		tb_str(&t->t_tb, "AT_FDCWD");
	else
		show_fd(t, i);
}

static void
show_str(struct trace *t, int i)
{
	tb_userstr(&t->t_tb, (unsigned long)t->t_args[i]);
}

static void
show_ptr(struct trace *t, int i)
{
	tb_ptr(&t->t_tb, (unsigned long)t->t_args[i]);
}

static void
show_in(struct trace *t, int i)
{
	tb_userbytes(&t->t_tb, (unsigned long)t->t_args[i], trace_length(t, i));
}

static void
show_out(struct trace *t, int i)
{
	if (t->t_failed)
		show_ptr(t, i);
	else if (t->t_rsys == RSYS_getcwd)
		show_str(t, i);
	else
		tb_userbytes(&t->t_tb, (unsigned long)t->t_args[i],
		    filled(t, i));
}

static void
show_uid(struct trace *t, int i)
{
	if ((int)t->t_args[i] == -1)
		tb_str(&t->t_tb, "-1");
	else
		tb_udec(&t->t_tb, (uint32_t)t->t_args[i]);
}

static void
show_hex(struct trace *t, int i)
{
	tb_hex(&t->t_tb, (unsigned long)t->t_args[i]);
}

/* What the argument of fcntl is depends on the command before it. */
static void
show_farg(struct trace *t, int i)
{
	unsigned long v = (unsigned long)t->t_args[i];

	if (t->t_rsys != RSYS_fcntl) {
		show_hex(t, i);
		return;
	}
	switch ((int)t->t_args[i - 1]) {
	case F_SETFD:
		tb_fdflags(&t->t_tb, v);
		break;
	case F_SETFL:
		tb_oflags(&t->t_tb, v);
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_SETPIPE_SZ:
	case F_SETOWN:
	case F_SETSIG:
		show_fd(t, i);
		break;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		traceval_lock(t, i);
		break;
	default:
		show_hex(t, i);
	}
}

/* Does the call take this argument?  Not all of a variadic one's are. */
static bool
taken(const struct trace *t, int i)
{
	const struct sysarg *sa = &t->t_desc->sd_args[i];

	if (sa->sa_kind == SYSARG_CONST)
		return false;
	if (t->t_rsys == RSYS_open || t->t_rsys == RSYS_openat)
		return sa->sa_kind != SYSARG_MODE ||
		    (t->t_args[i - 1] & O_CREAT) != 0 ||
		    (t->t_args[i - 1] & O_TMPFILE) == O_TMPFILE;
	if (t->t_rsys != RSYS_fcntl || sa->sa_kind != SYSARG_FARG)
		return true;
	switch ((int)t->t_args[i - 1]) {
	case F_GETFD:
	case F_GETFL:
	case F_GETOWN:
	case F_GETSIG:
	case F_GETLEASE:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		return false;
	default:
		return true;
	}
}

/* The kinds that are a number or a word. */
static void
show_number(struct trace *t, int i)
{
	struct tracebuf *tb = &t->t_tb;
	long v = t->t_args[i];

	switch (t->t_desc->sd_args[i].sa_kind) {
	case SYSARG_UINT:
		tb_udec(tb, (uint32_t)v);
		break;
	case SYSARG_LONG:
	case SYSARG_OFF:
		tb_dec(tb, v);
		break;
	case SYSARG_ULONG:
	case SYSARG_SIZE:
		tb_udec(tb, (unsigned long)v);
		break;
	case SYSARG_MODE:
		tb_mode(tb, (uint32_t)v);
		break;
	case SYSARG_DEV:
		tb_hex(tb, (uint32_t)v);
		break;
	case SYSARG_OFLAGS:
		if (t->t_rsys == RSYS_pipe2 || t->t_rsys == RSYS_dup3)
			tb_newfdflags(tb, (uint32_t)v);
		else
			tb_oflags(tb, (uint32_t)v);
		break;
	case SYSARG_ATFLAGS:
		tb_atflags(tb, t->t_rsys, (uint32_t)v);
		break;
	case SYSARG_ACCMODE:
		tb_accmode(tb, (uint32_t)v);
		break;
	case SYSARG_WHENCE:
		tb_whence(tb, (int)v);
		break;
	case SYSARG_FCNTL:
		tb_fcntl(tb, (int)v);
		break;
	case SYSARG_IOCTL:
		tb_ioctl(tb, (uint32_t)v);
		break;
	case SYSARG_FLOCK:
		tb_flock(tb, (uint32_t)v);
		break;
	default:
		tb_dec(tb, (int)v);
	}
}

static void
show_arg(struct trace *t, int i)
{
	switch (t->t_desc->sd_args[i].sa_kind) {
	case SYSARG_DIRFD:
		show_dirfd(t, i);
		break;
	case SYSARG_PATH:
	case SYSARG_LPATH:
	case SYSARG_NPATH:
	case SYSARG_STR:
		show_str(t, i);
		break;
	case SYSARG_IN:
		show_in(t, i);
		break;
	case SYSARG_OUT:
		show_out(t, i);
		break;
	case SYSARG_IOVIN:
		traceval_iovin(t, i);
		break;
	case SYSARG_IOVOUT:
		traceval_iovout(t, i);
		break;
	case SYSARG_ADDRIN:
		traceval_addrin(t, i);
		break;
	case SYSARG_ADDROUT:
	case SYSARG_SIN:
	case SYSARG_SOUT:
	case SYSARG_SINOUT:
	case SYSARG_PTR:
		show_ptr(t, i);
		break;
	case SYSARG_STAT:
		traceval_stat(t, i);
		break;
	case SYSARG_STATX:
		traceval_statx(t, i);
		break;
	case SYSARG_TIMESPECS:
		traceval_timespecs(t, i);
		break;
	case SYSARG_FDPAIR:
		traceval_fdpair(t, i);
		break;
	case SYSARG_POLLFDS:
		traceval_pollfds(t, i);
		break;
	case SYSARG_FDSET:
		traceval_fdset(t, i);
		break;
	case SYSARG_ARGV:
		traceval_argv(t, i);
		break;
	case SYSARG_UID:
	case SYSARG_GID:
		show_uid(t, i);
		break;
	case SYSARG_HEX:
		show_hex(t, i);
		break;
	case SYSARG_FARG:
		show_farg(t, i);
		break;
	default:
		show_number(t, i);
	}
}

static void
show_error(struct trace *t, int error)
{
	struct tracebuf *tb = &t->t_tb;

	if (error == KERESTART) {
		tb_str(tb, "? (interrupted, will be restarted)");
		return;
	}
	if (error == KEHOST) {
		tb_str(tb, "? (leads to the host)");
		return;
	}
	tb_str(tb, "-1 ");
	if (syserr_name(error) == NULL) {
		tb_str(tb, "errno ");
		tb_dec(tb, error);
		return;
	}
	tb_str(tb, syserr_name(error));
	tb_str(tb, " (");
	tb_str(tb, syserr_text(error));
	tb_char(tb, ')');
}

static void
show_result(struct trace *t)
{
	struct tracebuf *tb = &t->t_tb;

	tb_str(tb, " = ");
	if (t->t_failed) {
		show_error(t, (int)-t->t_ret);
		return;
	}
	switch (t->t_desc->sd_ret) {
	case SYSRET_PTR:
		tb_hex(tb, (unsigned long)t->t_ret);
		break;
	case SYSRET_UID:
	case SYSRET_GID:
		tb_udec(tb, (uint32_t)t->t_ret);
		break;
	case SYSRET_MODE:
		tb_mode(tb, (uint32_t)t->t_ret);
		break;
	default:
		tb_dec(tb, t->t_ret);
	}
	/* The flags behind the number. */
	if (t->t_rsys == RSYS_fcntl && (int)t->t_args[1] == F_GETFL) {
		tb_str(tb, " (");
		tb_oflags(tb, (uint32_t)t->t_ret);
		tb_char(tb, ')');
	}
}

size_t
systrace_format(char *buf, size_t size, int rsys, const long *args, long ret,
    int tid)
{
	struct trace t = {
		.t_tb = { buf, size, 0 },
		.t_args = args,
		.t_ret = ret,
		.t_rsys = rsys,
		.t_failed = ret < 0 && ret >= -MAXERRNO,
	};
	const char *sep = "";
	int i;

	if (size == 0)
		return 0;
	if (rsys < 0 || rsys >= RSYS_MAX)
		t.t_rsys = RSYS_NONE;
	t.t_desc = &sysdesc[t.t_rsys];
	if (tid != 0) {
		tb_str(&t.t_tb, "[pid ");
		tb_dec(&t.t_tb, tid);
		tb_str(&t.t_tb, "] ");
	}
	tb_str(&t.t_tb, t.t_desc->sd_name);
	tb_char(&t.t_tb, '(');
	for (i = 0; i < t.t_desc->sd_nargs; i++) {
		if (!taken(&t, i))
			continue;
		tb_str(&t.t_tb, sep);
		show_arg(&t, i);
		sep = ", ";
	}
	tb_char(&t.t_tb, ')');
	show_result(&t);
	buf[t.t_tb.tb_len] = '\0';
	return t.t_tb.tb_len;
}
