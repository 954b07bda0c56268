/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of netfuzz that send and receive. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "netfuzz.h"
#include "netfuzz_ops.h"

#define nelem(a) (sizeof(a) / sizeof((a)[0]))

#define MAXIOV 8
#define MSGS   3

/* What is to be sent.  More than there is: from where nothing is. */
static void *
from(uint32_t code, size_t len)
{
	return len > MAXLEN ? bad_pointer : arg_in(code);
}

/* Rump sees later than the host, or earlier, that the peer is gone. */
static bool
unread(struct side *s, int fd, uint32_t buf, size_t len)
{
	if (!bad_buffer(buf) && len <= MAXLEN)
		return false;
	return fd_istcp(s, fd) ? tcp_state(s, fd) != TCP_ESTABLISHED :
				 fd_type(s, fd) == SOCK_SEQPACKET;
}

/* Only a sane length is ever looked at. */
static size_t
sane(size_t len)
{
	return len < MAXLEN ? len : 0;
}

static socklen_t
name_length(uint32_t code, socklen_t len)
{
	static const int lens[] = { 0, 1, 2, 3, 8, 15, 16, 24, 27, 28, 110, 128,
		129, -1 };

	return code == 0 ? len : (socklen_t)lens[(code - 1) % nelem(lens)];
}

long
op_send(struct side *s, const struct op *o)
{
	size_t len = arg_length(A(2));

	if (!net_room(s, FD(0), &len) || unread(s, FD(0), A(1), len) ||
	    send_untold(s, FD(0), arg_msgflags(A(3))))
		return skipped(s);
	return CALL(s, __NR_sendto, FD(0), from(A(1), len), len,
	    arg_msgflags(A(3)), NULL, 0);
}

long
op_sendto(struct side *s, const struct op *o)
{
	size_t len = arg_length(A(2));
	socklen_t alen;
	union addr u;
	void *p = addr_make(s, A(4), &u, &alen);

	if (!net_room(s, FD(0), &len) || unread(s, FD(0), A(1), len) ||
	    send_untold(s, FD(0), arg_msgflags(A(3))) ||
	    cork_untold(s, FD(0), arg_msgflags(A(3))))
		return skipped(s);
	return CALL(s, __NR_sendto, FD(0), from(A(1), len), len,
	    arg_msgflags(A(3)), p,
	    whole_path(&u, name_length(A(5), alen), alen));
}

/* Pieces of a buffer, of which some may be empty. */
static int
split(struct iovec *iov, char *p, size_t len, uint32_t how)
{
	int n = 1 + (int)(how % (MAXIOV - 1));

	for (int i = 0; i < n; i++) {
		iov[i].iov_base = p;
		iov[i].iov_len = i == n - 1 ? len : len / 3 * (i % 2);
		p += iov[i].iov_len;
		len -= iov[i].iov_len;
	}
	return n;
}

long
op_write(struct side *s, const struct op *o)
{
	struct iovec iov[MAXIOV];
	size_t len = arg_length(A(2));
	int n;

	if (!net_room(s, FD(0), &len) || unread(s, FD(0), A(1), len) ||
	    send_untold(s, FD(0), 0))
		return skipped(s);
	if (A(3) < 8)
		return CALL(s, __NR_write, FD(0), from(A(1), len), len);
	n = split(iov, from(A(1), len), len, A(3));
	return CALL(s, __NR_writev, FD(0), iov, n);
}

struct message {
	struct iovec iov[MAXIOV];
	struct msghdr mh;
	union addr name;
	char ctl[512] __attribute__((aligned(8)));
};

/* A message to send; how: pieces, and what is bad about it. */
static void
outgoing(struct side *s, struct message *m, char *p, size_t len,
    const uint32_t *name, uint32_t ctl, uint32_t how)
{
	socklen_t alen = 0;

	memset(m, 0, sizeof(*m));
	/* One thing wrong at a time. */
	if (name != NULL && how % 4 == 0 && len <= MAXLEN) {
		m->mh.msg_name = addr_make(s, *name, &m->name, &alen);
		m->mh.msg_namelen = alen;
	}
	m->mh.msg_iov = m->iov;
	m->mh.msg_iovlen = (size_t)split(m->iov, p, len, how);
	m->mh.msg_controllen = ctl_make(s, ctl, m->ctl, 0);
	if (m->mh.msg_controllen != 0)
		m->mh.msg_control = m->ctl;
	if (how == 15 && (ctl & 0x100)) {
		switch (ctl & 7) {
		case 0:
			m->mh.msg_iovlen = 1025;
			break;
		case 1:
			m->mh.msg_iov = bad_pointer;
			break;
		case 2:
			m->mh.msg_control = bad_pointer;
			m->mh.msg_controllen = 24;
			break;
		case 3:
			m->mh.msg_namelen = (socklen_t)-1;
			break;
		default:
			m->mh.msg_iovlen = 0;
		}
	}
}

long
op_sendmsg(struct side *s, const struct op *o)
{
	size_t len = arg_length(A(2));
	struct message m;

	if (!net_room(s, FD(0), &len) || unread(s, FD(0), A(1), len) ||
	    send_untold(s, FD(0), arg_msgflags(A(3))) ||
	    cork_untold(s, FD(0), arg_msgflags(A(3))))
		return skipped(s);
	outgoing(s, &m, from(A(1), len), len, &A(4), A(6), A(7));
	if (m.mh.msg_namelen != 0)
		m.mh.msg_namelen = whole_path(&m.name,
		    name_length(A(5), m.mh.msg_namelen), m.mh.msg_namelen);
	return CALL(s, __NR_sendmsg, FD(0),
	    A(7) == 14 && A(5) ? bad_pointer : &m.mh, arg_msgflags(A(3)));
}

long
op_sendmmsg(struct side *s, const struct op *o)
{
	static const unsigned counts[] = { MSGS, MSGS, 0, 1 };
	size_t len = arg_length(A(2));
	struct mmsghdr mm[MSGS];
	struct message m[MSGS];
	long r;

	if (!net_room(s, FD(0), &len) || unread(s, FD(0), A(1), len) ||
	    send_untold(s, FD(0), arg_msgflags(A(3))) ||
	    cork_untold(s, FD(0), arg_msgflags(A(3))))
		return skipped(s);
	if (len <= MAXLEN)
		len /= MSGS;
	memset(mm, 0, sizeof(mm));
	for (int i = 0; i < MSGS; i++) {
		/* One of them may go wrong. */
		outgoing(s, &m[i], from(A(1), len), len, i == 1 ? NULL : &A(4),
		    i == (int)(A(5) % 8) ? A(6) : 0, A(7));
		mm[i].msg_hdr = m[i].mh;
		mm[i].msg_len = 77;
	}
	r = CALL(s, __NR_sendmmsg, FD(0), mm, counts[A(5) & 3],
	    arg_msgflags(A(3)));
	for (int i = 0; i < MSGS; i++)
		put(s, " %u", mm[i].msg_len);
	return r;
}

/*
 * What a buffer holds is only looked at after a success: how far a call came
 * that failed is its own affair.
 */
static void
put_data(struct side *s, uint32_t buf, size_t len, long r)
{
	if (r != -1)
		put(s, " data=%016llx",
		    (unsigned long long)arg_outhash(buf, len));
}

long
op_recv(struct side *s, const struct op *o)
{
	size_t len = arg_length(A(2));
	long r;

	if (recv_untold(s, FD(0), A(1), len, arg_msgflags(A(3))))
		return skipped(s);
	r = CALL(s, __NR_recvfrom, FD(0), arg_out(A(1), len), len,
	    arg_msgflags(A(3)), NULL, NULL);
	put_data(s, A(1), len, r);
	return r;
}

long
op_recvfrom(struct side *s, const struct op *o)
{
	size_t len = arg_length(A(2));
	socklen_t alen = name_length(room_unasked(s, FD(0)) ? 0 : A(4),
	    sizeof(union addr));
	socklen_t room = alen;
	union addr u;
	long r;

	if (recv_untold(s, FD(0), A(1), len, arg_msgflags(A(3))))
		return skipped(s);
	memset(&u, 0, sizeof(u));
	r = CALL(s, __NR_recvfrom, FD(0), arg_out(A(1), len), len,
	    arg_msgflags(A(3)), A(4) == 22 ? bad_pointer : &u, &alen);
	put_data(s, A(1), len, r);
	if (r != -1 && alen == room && alen == sizeof(u))
		put(s, " no name");
	else if (r != -1)
		addr_put(s, "from", &u, alen, room);
	return r;
}

long
op_read(struct side *s, const struct op *o)
{
	size_t len = arg_length(A(2));
	struct iovec iov[MAXIOV];
	char *p = arg_out(A(1), len);
	long r;
	int n;

	if (recv_untold(s, FD(0), A(1), len, 0))
		return skipped(s);
	if (A(3) < 8) {
		r = CALL(s, __NR_read, FD(0), p, len);
	} else {
		n = split(iov, p, len, A(3));
		r = CALL(s, __NR_readv, FD(0), iov, n);
	}
	put_data(s, A(1), len, r);
	return r;
}

static const size_t ctlrooms[] = { 256, 256, 256, 0, 512, 8, 12, 16, 17, 19, 20,
	24, 28, 32, 40, 64 };

/* A message to receive into. */
static void
incoming(struct message *m, char *p, size_t len, uint32_t namelen, uint32_t how)
{
	memset(m, 0, sizeof(*m));
	if (how % 4 != 3) {
		m->mh.msg_name = &m->name;
		m->mh.msg_namelen = name_length(namelen, sizeof(m->name));
	}
	m->mh.msg_iov = m->iov;
	m->mh.msg_iovlen = (size_t)split(m->iov, p, len, how);
	m->mh.msg_controllen = ctlrooms[how & 15];
	if (m->mh.msg_controllen != 0)
		m->mh.msg_control = m->ctl;
	m->mh.msg_flags = 0x1234;
}

static void
put_message(struct side *s, struct msghdr *mh, socklen_t room, uint32_t slot)
{
	put(s, " flags=%x", (unsigned)mh->msg_flags);
	if (mh->msg_name != NULL)
		addr_put(s, "from", mh->msg_name, mh->msg_namelen, room);
	ctl_put(s, mh, slot);
}

long
op_recvmsg(struct side *s, const struct op *o)
{
	size_t len = arg_length(A(2));
	struct message m;
	socklen_t room;
	long r;

	if (recv_untold(s, FD(0), A(1), len, arg_msgflags(A(3))) ||
	    peek_untold(s, FD(0), arg_msgflags(A(3))))
		return skipped(s);
	/* How much room there is for control messages, and how many pieces. */
	incoming(&m, arg_out(A(1), len), len, room_unasked(s, FD(0)) ? 0 : A(4),
	    A(5));
	room = m.mh.msg_namelen;
	r = CALL(s, __NR_recvmsg, FD(0),
	    A(7) == 14 && A(5) == 15 ? bad_pointer : &m.mh, arg_msgflags(A(3)));
	put_data(s, A(1), len, r);
	if (r != -1)
		put_message(s, &m.mh, room, A(7) < 8 ? A(6) : NSLOT);
	return r;
}

long
op_recvmmsg(struct side *s, const struct op *o)
{
	size_t len = sane(arg_length(A(2))) / MSGS;
	struct timespec ts = { 0, 0 };
	struct mmsghdr mm[MSGS];
	struct message m[MSGS];
	socklen_t room = 0;
	char *p;
	long r;

	if (recv_untold(s, FD(0), A(1), len, arg_msgflags(A(3))) ||
	    peek_untold(s, FD(0), arg_msgflags(A(3))))
		return skipped(s);
	p = arg_out(A(1), len * MSGS);
	memset(mm, 0, sizeof(mm));
	for (int i = 0; i < MSGS; i++) {
		incoming(&m[i], p + len * (size_t)i, len, 0, A(4));
		mm[i].msg_hdr = m[i].mh;
		mm[i].msg_len = 77;
		room = m[i].mh.msg_namelen;
	}
	r = CALL(s, __NR_recvmmsg, FD(0), mm, A(4) == 15 ? 1 : MSGS,
	    arg_msgflags(A(3)), A(4) & 4 ? &ts : NULL);
	put_data(s, A(1), len * MSGS, r);
	for (int i = 0; i < MSGS && i < r; i++) {
		put(s, " %u", mm[i].msg_len);
		put_message(s, &mm[i].msg_hdr, room, NSLOT);
	}
	return r;
}

/* A file of the side's, with bytes in it. */
static int
source(struct side *s)
{
	char path[120];

	snprintf(path, sizeof(path), "%s/file", s->root);
	return (int)CALL(s, __NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

long
op_sendfile(struct side *s, const struct op *o)
{
	size_t len = sane(arg_length(A(1)));
	off_t off = (off_t)(A(2) & 7) * 100;
	int file = source(s), error;
	long r;

	if (!net_room(s, FD(0), &len) || !fd_issock(s, FD(0)) ||
	    sendfile_untold(s, FD(0), (size_t)off + len <= FILELEN)) {
		CALL(s, __NR_close, file);
		return skipped(s);
	}
	r = CALL(s, __NR_sendfile, FD(0), file, A(2) & 8 ? NULL : &off, len);
	error = errno;
	put(s, " off=%lld", (long long)off);
	CALL(s, __NR_close, file);
	errno = error;
	return r;
}

/* From a pipe into a socket, or from the socket into the pipe. */
long
op_splice(struct side *s, const struct op *o)
{
	size_t len = sane(arg_length(A(1)));
	char buf[4096];
	long r, n = 0;
	int p[2], error;

	if (len > sizeof(buf))
		len = sizeof(buf);
	if (!net_room(s, FD(0), &len) || send_untold(s, FD(0), 0))
		return skipped(s);
	if (mark_ahead(s, FD(0)))
		return skipped(s);
	if (CALL(s, __NR_pipe2, p, O_NONBLOCK | O_CLOEXEC) == -1)
		return -1;
	if (A(2) & 1) {
		CALL(s, __NR_write, p[1], arg_in(0x700), sizeof(buf));
		r = CALL(s, __NR_splice, p[0], NULL, FD(0), NULL, len,
		    A(2) & 2 ? 2 : 0);
		error = errno;
	} else {
		r = CALL(s, __NR_splice, FD(0), NULL, p[1], NULL, len,
		    A(2) & 2 ? 2 : 0);
		error = errno;
		n = CALL(s, __NR_read, p[0], buf, sizeof(buf));
		put(s, " piped=%ld/%016llx", n,
		    (unsigned long long)hash(buf, n > 0 ? (size_t)n : 0));
	}
	CALL(s, __NR_close, p[0]);
	CALL(s, __NR_close, p[1]);
	errno = error;
	return r;
}
