/* SPDX-License-Identifier: BSD-2-Clause */
/* Control messages in netfuzz: made of a code, and printed. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netfuzz.h"

#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

static size_t
one(char *buf, size_t at, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)(buf + at);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	return at + CMSG_SPACE(len);
}

static pid_t
own_pid(struct side *s)
{
	return (pid_t)CALL(s, __NR_getpid, 0);
}

/*
 * May a descriptor be sent?  Sockets that hold each other are found by the host
 * when it has time: sockets that could come to hold themselves do not travel.
 */
static bool
sendable(struct side *s, int fd)
{
	return fd_domain(s, fd) != AF_UNIX;
}

static size_t
rights(struct side *s, char *buf, size_t at, uint32_t n, uint32_t which)
{
	int fds[4];

	for (uint32_t i = 0; i < n; i++) {
		fds[i] = s->fd[(which + i * 5) % NSLOT];
		if (!sendable(s, fds[i]))
			fds[i] = which & 64 ? -1 : s->fd[0];
		if (!sendable(s, fds[i]))
			return at;
	}
	return one(buf, at, SOL_SOCKET, SCM_RIGHTS, fds, n * sizeof(int));
}

static size_t
credentials(struct side *s, char *buf, size_t at, uint32_t how)
{
	struct ucred uc = { .pid = own_pid(s),
		.uid = getuid(),
		.gid = getgid() };

	switch (how & 7) {
	case 5:
		uc.pid = 0x3fffffff;
		break;
	case 6:
		uc.uid = (uid_t)-1;
		break;
	}
	return one(buf, at, SOL_SOCKET, SCM_CREDENTIALS, &uc, sizeof(uc));
}

static size_t
internet(char *buf, size_t at, uint32_t how)
{
	struct in6_pktinfo pi6 = { .ipi6_ifindex = how & 1 };
	struct in_pktinfo pi = { .ipi_ifindex = (int)(how & 1) };
	static const int values[] = { 1, 64, 255, 0, -1, 256, 16, 3 };
	int v = values[how >> 3 & 7];

	if (how & 2)
		pi.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK + (how & 4));
	if (how & 2)
		pi6.ipi6_addr = in6addr_loopback;
	switch (how >> 6 & 7) {
	case 0:
		return one(buf, at, IPPROTO_IP, IP_TTL, &v, sizeof(v));
	case 1:
		return one(buf, at, IPPROTO_IP, IP_TOS, &v, sizeof(v));
	case 2:
	case 3:
		return one(buf, at, IPPROTO_IP, IP_PKTINFO, &pi, sizeof(pi));
	case 4:
	case 5:
		return one(buf, at, IPPROTO_IPV6, IPV6_PKTINFO, &pi6,
		    sizeof(pi6));
	case 6:
		return one(buf, at, IPPROTO_IPV6, IPV6_HOPLIMIT, &v, sizeof(v));
	default:
		return one(buf, at, IPPROTO_IPV6, IPV6_TCLASS, &v, sizeof(v));
	}
}

static size_t
broken(char *buf, size_t at, uint32_t how)
{
	struct cmsghdr *c = (struct cmsghdr *)(buf + at);
	int v = 0;
	size_t end = one(buf, at, SOL_SOCKET, SCM_RIGHTS, &v, sizeof(v));

	switch (how & 7) {
	case 0:
		c->cmsg_len = 0;
		break;
	case 1:
		c->cmsg_len = sizeof(*c) - 1;
		break;
	case 2:
		c->cmsg_len = 1000;
		break;
	case 3:
		c->cmsg_len = (size_t)-1;
		break;
	case 4:
		c->cmsg_level = 99;
		break;
	case 5:
		c->cmsg_type = 99;
		break;
	case 6:
		c->cmsg_len = sizeof(*c);
		break;
	default:
		return at + 7;
	}
	return end;
}

/* Fill buf, which holds 512 bytes; returns how much of it is used. */
size_t
ctl_make(struct side *s, uint32_t code, char *buf, size_t at)
{
	uint32_t how = code >> 4;

	switch (code & 15) {
	case 1:
	case 2:
	case 3:
		return rights(s, buf, at, 1, how);
	case 4:
		return rights(s, buf, at, 2 + (how & 1), how);
	case 5:
	case 6:
		return credentials(s, buf, at, how);
	case 7:
	case 8:
	case 9:
	case 10:
		return internet(buf, at, how);
	case 11:
		return broken(buf, at, how);
	case 12:
		return ctl_make(s, 1 | how << 4, buf,
		    ctl_make(s, 5 | how << 4, buf, at));
	default:
		return at;
	}
}

/* Files that came; the first may go into a slot, the others go. */
static void
put_rights(struct side *s, const struct cmsghdr *c, uint32_t slot)
{
	size_t n = (c->cmsg_len - sizeof(*c)) / sizeof(int);
	int fds[32];
	struct stat st;

	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	put(s, " rights:%zu", n);
	for (size_t i = 0; i < n; i++) {
		put(s, ",%lx", CALL(s, __NR_fcntl, fds[i], F_GETFD));
		if (CALL(s, __NR_fstat, fds[i], &st) == 0)
			put(s, ":%o", st.st_mode & S_IFMT);
		if (i == 0 && slot < NSLOT && fd_issock(s, fds[i]))
			into_slot(s, slot, fds[i]);
		else
			CALL(s, __NR_close, fds[i]);
	}
}

static void
put_one(struct side *s, const struct cmsghdr *c, uint32_t slot)
{
	size_t len = c->cmsg_len - sizeof(*c);
	struct ucred uc;
	int fd;

	put(s, " {%d:%d %zu", c->cmsg_level, c->cmsg_type, len);
	if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		put_rights(s, c, slot);
	else if (c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_CREDENTIALS && len == sizeof(uc)) {
		memcpy(&uc, CMSG_DATA(c), sizeof(uc));
		put(s, " pid=%s uid=%u gid=%u",
		    uc.pid == own_pid(s) ? "own" :
			uc.pid == 0      ? "0" :
					   "other",
		    uc.uid, uc.gid);
	} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_PIDFD &&
	    len == sizeof(fd)) {
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		put(s, " pidfd=%d", fd >= 0 ? 1 : fd);
		if (fd >= 0)
			CALL(s, __NR_close, fd);
	} else if (c->cmsg_level == SOL_SOCKET) {
		put(s, " stamp");
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == 20) {
		/* IP_ORIGDSTADDR */
		addr_put(s, "to", (const union addr *)CMSG_DATA(c),
		    (socklen_t)len, (socklen_t)len);
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == 74) {
		addr_put(s, "to", (const union addr *)CMSG_DATA(c),
		    (socklen_t)len, (socklen_t)len);
	} else {
		for (size_t i = 0; i < len && i < 32; i++)
			put(s, " %02x", CMSG_DATA(c)[i]);
	}
	put(s, "}");
}

/* What came with a message. */
void
ctl_put(struct side *s, struct msghdr *mh, uint32_t slot)
{
	struct cmsghdr *c;

	put(s, " ctl=%zu", mh->msg_controllen);
	if (mh->msg_control == NULL)
		return;
	for (c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		/* The last one may be cut. */
		if ((char *)c + c->cmsg_len >
		    (char *)mh->msg_control + mh->msg_controllen) {
			put(s, " {%d:%d cut}", c->cmsg_level, c->cmsg_type);
			break;
		}
		put_one(s, c, slot);
	}
}
