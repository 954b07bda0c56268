/* SPDX-License-Identifier: BSD-2-Clause */
/* traceval: how the tracer shows structures in a program's memory. */
#include "syscalls/traceval.h"

#include "syscalls/sysnum.h"

#include "rumpkern/copy.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#define ELEMENTS 8 /* of an array that are shown */

/* The number that argument i has for its length. */
size_t
trace_length(const struct trace *t, int i)
{
	int n = t->t_desc->sd_args[i].sa_len;

	if (n == 0)
		return 0;
	/* A count of int type has rubbish above it. */
	if (t->t_desc->sd_args[n - 1].sa_kind == SYSARG_SIZE ||
	    t->t_desc->sd_args[n - 1].sa_kind == SYSARG_ULONG)
		return (size_t)t->t_args[n - 1];
	return (uint32_t)t->t_args[n - 1];
}

/* left: how many bytes of data there are to show. */
static void
show_iov(struct trace *t, int i, size_t left)
{
	struct tracebuf *tb = &t->t_tb;
	size_t n = trace_length(t, i), k;
	struct kiovec iov;
	unsigned long a = (unsigned long)t->t_args[i];

	if (a == 0 || copyin((void *)a, &iov, sizeof(iov)) != 0) {
		tb_ptr(tb, a);
		return;
	}
	tb_char(tb, '[');
	for (k = 0; k < n; k++, a += sizeof(iov)) {
		if (k > 0)
			tb_str(tb, ", ");
		if (k == ELEMENTS ||
		    copyin((void *)a, &iov, sizeof(iov)) != 0) {
			tb_str(tb, "...");
			break;
		}
		tb_str(tb, "{iov_base=");
		tb_userbytes(tb, (unsigned long)iov.iov_base,
		    kmin(left, iov.iov_len));
		tb_str(tb, ", iov_len=");
		tb_udec(tb, iov.iov_len);
		tb_char(tb, '}');
		left -= kmin(left, iov.iov_len);
	}
	tb_char(tb, ']');
}

void
traceval_iovin(struct trace *t, int i)
{
	show_iov(t, i, SIZE_MAX);
}

void
traceval_iovout(struct trace *t, int i)
{
	show_iov(t, i, t->t_failed ? 0 : (size_t)t->t_ret);
}

static void
show_inet(struct tracebuf *tb, const struct sockaddr_in *sin)
{
	const uint8_t *b = (const uint8_t *)&sin->sin_addr;
	const uint8_t *p = (const uint8_t *)&sin->sin_port;
	int i;

	tb_str(tb, "AF_INET, sin_port=");
	tb_udec(tb, (unsigned long)p[0] << 8 | p[1]);
	tb_str(tb, ", sin_addr=");
	for (i = 0; i < 4; i++) {
		if (i > 0)
			tb_char(tb, '.');
		tb_udec(tb, b[i]);
	}
}

void
traceval_addrin(struct trace *t, int i)
{
	struct tracebuf *tb = &t->t_tb;
	union {
		struct sockaddr sa;
		struct sockaddr_in sin;
		struct sockaddr_un sun;
	} u = { .sun = { .sun_family = 0 } };
	size_t len = kmin(trace_length(t, i), sizeof(u)), n;

	if (len < sizeof(u.sa.sa_family) ||
	    copyin((void *)t->t_args[i], &u, len) != 0) {
		tb_ptr(&t->t_tb, (unsigned long)t->t_args[i]);
		return;
	}
	tb_str(tb, "{sa_family=");
	if (u.sa.sa_family == AF_INET && len >= sizeof(u.sin)) {
		show_inet(tb, &u.sin);
	} else if (u.sa.sa_family == AF_UNIX) {
		tb_str(tb, "AF_UNIX, sun_path=");
		len -= offsetof(struct sockaddr_un, sun_path);
		/* An abstract name begins with a NUL and may have more. */
		for (n = 0; n < len &&
		     (n == 0 || u.sun.sun_path[0] == '\0' ||
			 u.sun.sun_path[n] != '\0');
		     n++)
			;
		tb_quoted(tb, u.sun.sun_path, n, false);
	} else
		tb_udec(tb, u.sa.sa_family);
	tb_char(tb, '}');
}

void
traceval_stat(struct trace *t, int i)
{
	struct tracebuf *tb = &t->t_tb;
	struct stat st;

	if (t->t_failed || copyin((void *)t->t_args[i], &st, sizeof(st)) != 0) {
		tb_ptr(&t->t_tb, (unsigned long)t->t_args[i]);
		return;
	}
	tb_str(tb, "{st_mode=");
	tb_mode(tb, st.st_mode);
	tb_str(tb, ", st_size=");
	tb_dec(tb, st.st_size);
	tb_str(tb, ", ...}");
}

void
traceval_statx(struct trace *t, int i)
{
	struct tracebuf *tb = &t->t_tb;
	struct statx stx;

	if (t->t_failed ||
	    copyin((void *)t->t_args[i], &stx, sizeof(stx)) != 0) {
		tb_ptr(&t->t_tb, (unsigned long)t->t_args[i]);
		return;
	}
	tb_str(tb, "{stx_mask=");
	tb_hex(tb, stx.stx_mask);
	tb_str(tb, ", stx_mode=");
	tb_mode(tb, stx.stx_mode);
	tb_str(tb, ", stx_size=");
	tb_udec(tb, stx.stx_size);
	tb_str(tb, ", ...}");
}

void
traceval_timespecs(struct trace *t, int i)
{
	struct tracebuf *tb = &t->t_tb;
	struct timespec ts[2];
	int k;

	if (t->t_args[i] == 0 ||
	    copyin((void *)t->t_args[i], ts, sizeof(ts)) != 0) {
		tb_ptr(&t->t_tb, (unsigned long)t->t_args[i]);
		return;
	}
	for (k = 0; k < 2; k++) {
		tb_str(tb, k == 0 ? "[" : ", ");
		if (ts[k].tv_nsec == UTIME_NOW) {
			tb_str(tb, "UTIME_NOW");
		} else if (ts[k].tv_nsec == UTIME_OMIT) {
			tb_str(tb, "UTIME_OMIT");
		} else {
			tb_str(tb, "{tv_sec=");
			tb_dec(tb, ts[k].tv_sec);
			tb_str(tb, ", tv_nsec=");
			tb_dec(tb, ts[k].tv_nsec);
			tb_char(tb, '}');
		}
	}
	tb_char(tb, ']');
}

void
traceval_fdpair(struct trace *t, int i)
{
	struct tracebuf *tb = &t->t_tb;
	int fds[2];

	if (t->t_failed ||
	    copyin((void *)t->t_args[i], fds, sizeof(fds)) != 0) {
		tb_ptr(&t->t_tb, (unsigned long)t->t_args[i]);
		return;
	}
	tb_char(tb, '[');
	tb_dec(tb, fds[0]);
	tb_str(tb, ", ");
	tb_dec(tb, fds[1]);
	tb_char(tb, ']');
}

void
traceval_pollfds(struct trace *t, int i)
{
	unsigned long a = (unsigned long)t->t_args[i];
	struct tracebuf *tb = &t->t_tb;
	size_t n = trace_length(t, i), k;
	struct pollfd pfd;

	if (a == 0) {
		tb_ptr(tb, a);
		return;
	}
	tb_char(tb, '[');
	for (k = 0; k < n; k++, a += sizeof(pfd)) {
		if (k > 0)
			tb_str(tb, ", ");
		if (k == ELEMENTS ||
		    copyin((void *)a, &pfd, sizeof(pfd)) != 0) {
			tb_str(tb, "...");
			break;
		}
		tb_str(tb, "{fd=");
		tb_dec(tb, pfd.fd);
		tb_str(tb, ", events=");
		tb_pollevents(tb, (unsigned short)pfd.events);
		if (!t->t_failed && t->t_ret > 0) {
			tb_str(tb, ", revents=");
			tb_pollevents(tb, (unsigned short)pfd.revents);
		}
		tb_char(tb, '}');
	}
	tb_char(tb, ']');
}

void
traceval_fdset(struct trace *t, int i)
{
	struct tracebuf *tb = &t->t_tb;
	size_t n = kmin(trace_length(t, i), (size_t)1024), k;
	uint64_t set[16] = { 0 };
	const char *sep = "";

	if (t->t_args[i] == 0 ||
	    copyin((void *)t->t_args[i], set, roundup2(n, (size_t)64) / 8) !=
		0) {
		tb_ptr(&t->t_tb, (unsigned long)t->t_args[i]);
		return;
	}
	tb_char(tb, '[');
	for (k = 0; k < n; k++) {
		if ((set[k / 64] >> k % 64 & 1) == 0)
			continue;
		tb_str(tb, sep);
		tb_udec(tb, k);
		sep = " ";
	}
	tb_char(tb, ']');
}

void
traceval_argv(struct trace *t, int i)
{
	unsigned long a = (unsigned long)t->t_args[i], s;
	struct tracebuf *tb = &t->t_tb;
	int k;

	if (a == 0 || copyin((void *)a, &s, sizeof(s)) != 0) {
		tb_ptr(tb, a);
		return;
	}
	tb_char(tb, '[');
	for (k = 0; s != 0; k++) {
		if (k > 0)
			tb_str(tb, ", ");
		if (k == ELEMENTS) {
			tb_str(tb, "...");
			break;
		}
		tb_userstr(tb, s);
		a += sizeof(s);
		if (copyin((void *)a, &s, sizeof(s)) != 0)
			break;
	}
	tb_char(tb, ']');
}

void
traceval_lock(struct trace *t, int i)
{
	struct tracebuf *tb = &t->t_tb;
	struct flock fl;

	if (copyin((void *)t->t_args[i], &fl, sizeof(fl)) != 0) {
		tb_ptr(&t->t_tb, (unsigned long)t->t_args[i]);
		return;
	}
	tb_str(tb, "{l_type=");
	tb_locktype(tb, fl.l_type);
	tb_str(tb, ", l_whence=");
	tb_whence(tb, fl.l_whence);
	tb_str(tb, ", l_start=");
	tb_dec(tb, fl.l_start);
	tb_str(tb, ", l_len=");
	tb_dec(tb, fl.l_len);
	tb_char(tb, '}');
}
