/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: descriptors of the host's in messages of rump's local sockets.
 *
 * Theory of operation
 *
 *	Such a descriptor has to outlive whoever sent it, until the message is
 *	received or goes.  So it is put into the store: a datagram socket of the
 *	host's connected to itself, which every process of the kernel
 *	inherits, and which keeps what it sent in its own queue, each
 *	descriptor with a number.  The message has a file that stands for the number
 *	(lwproc/hostfile.h); the kernel counts and frees it like any other.
 *
 *	Who receives looks through the queue with MSG_PEEK, from SO_PEEK_OFF on,
 *	and gets a descriptor.  The queue ends where it begins: what
 *	nobody has a file for any more is taken off its head, and what is in
 *	front of that goes to its end under another number.  Who dies meanwhile
 *	leaves one that is there twice, of which one has no file.
 *
 *	The queue is under ls_storelock; all the host's calls here return at once.
 *
 * There is a store if local sockets are rump's where the kernel was booted.
 */
#include <asm/unistd.h>
#include <sys/socket.h>

#include "hijack/hijack.h"
#include "hijack/store.h"
#include "lwproc/hostfile.h"
#include "lwproc/transit.h"
#include "rumpkern/arena.h"

#define SNDBUF    (4 << 20) /* what the host gives of it */
#define ROTATIONS 64        /* at once */

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif

/* A message of the store. */
struct stored {
	struct msghdr st_msg;
	struct iovec st_iov;
	uint64_t st_number;
	union {
		char st_ctl[CMSG_SPACE(sizeof(int))];
		struct cmsghdr st_hdr;
	};
};

static inline struct kmutex *
store_lock(void)
{
	return &ARENA->a_lwproc->ls_storelock;
}

static struct msghdr *
message(struct stored *st, bool fd)
{
	st->st_iov = (struct iovec){ &st->st_number, sizeof(st->st_number) };
	st->st_msg = (struct msghdr){ .msg_iov = &st->st_iov,
		.msg_iovlen = 1,
		.msg_control = fd ? st->st_ctl : NULL,
		.msg_controllen = fd ? sizeof(st->st_ctl) : 0 };
	return &st->st_msg;
}

static long
send_fd(uint64_t number, int fd)
{
	struct stored st = { .st_number = number };
	struct msghdr *m = message(&st, true);

	st.st_hdr = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET,
		SCM_RIGHTS };
	memcpy(CMSG_DATA(&st.st_hdr), &fd, sizeof(fd));
	return hj_host(__NR_sendmsg, hj.hp_store, m, MSG_DONTWAIT);
}

/* The number of the i-th in the queue; false: there are less. */
static bool
number_at(int i, uint64_t *number)
{
	int off = i * (int)sizeof(*number);
	struct stored st;

	if (hj_host(__NR_setsockopt, hj.hp_store, SOL_SOCKET, SO_PEEK_OFF, &off,
		sizeof(off)) < 0 ||
	    hj_host(__NR_recvmsg, hj.hp_store, message(&st, false),
		MSG_PEEK | MSG_DONTWAIT) < 0)
		return false;
	*number = st.st_number;
	return true;
}

/* A descriptor of the i-th. */
static long
fd_at(int i, bool cloexec)
{
	int off = i * (int)sizeof(uint64_t), fd;
	struct stored st;
	struct msghdr *m = message(&st, true);
	long ret;

	hj_host(__NR_setsockopt, hj.hp_store, SOL_SOCKET, SO_PEEK_OFF, &off,
	    sizeof(off));
	ret = hj_host(__NR_recvmsg, hj.hp_store, m,
	    MSG_PEEK | MSG_DONTWAIT | (cloexec ? MSG_CMSG_CLOEXEC : 0));
	if (ret < 0)
		return ret;
	if (m->msg_controllen < CMSG_LEN(sizeof(int)))
		return -EMFILE;
	memcpy(&fd, CMSG_DATA(&st.st_hdr), sizeof(fd));
	return fd;
}

static void
drop_head(void)
{
	struct stored st;

	hj_host(__NR_recvmsg, hj.hp_store, message(&st, false), MSG_DONTWAIT);
}

/* The head goes to the end, as another; 0: there is no room. */
static uint64_t
rotate(uint64_t number)
{
	uint64_t renumbered = transit_number();
	long fd = fd_at(0, true), ret;

	if (fd < 0)
		return 0;
	ret = send_fd(renumbered, fd);
	hj_host(__NR_close, fd);
	if (ret < 0)
		return 0;
	/* If its file has just gone, then the copy has none either. */
	hostfile_renumber(number, renumbered);
	drop_head();
	return renumbered;
}

/* Files have gone: their descriptors go. */
static void
store_purge(void)
{
	uint64_t number, moved, last = 0;
	int turns = 0;

	if (hj.hp_store < 0 || hostfile_gone() == 0)
		return;
	kmutex_enter(store_lock());
	while (hostfile_gone() != 0) {
		if (!number_at(0, &number) || number == last) {
			/* Once around: there are none. */
			hostfile_forget(UINT32_MAX);
			break;
		}
		if (!hostfile_live(number)) {
			drop_head();
			hostfile_forget(1);
			continue;
		}
		moved = ++turns <= ROTATIONS ? rotate(number) : 0;
		if (moved == 0)
			break;
		if (last == 0)
			last = moved;
	}
	kmutex_exit(store_lock());
}

static int
store_put(int fd, struct file *half, struct file **fp)
{
	uint64_t number;
	struct file *f;
	long ret;
	int error;

	if (hj_fd_ours(fd))
		return EBADF;
	if (hj.hp_store < 0) {
		hj_trace_note("descriptor %d is the host's: it cannot be sent "
			      "by this socket",
		    fd);
		return EBADF;
	}
	error = hostfile_create(half, &f, &number);
	if (error != 0)
		return error;
	ret = send_fd(number, fd);
	if (ret < 0) {
		file_rele(f);
		return ret == -EAGAIN ? ETOOMANYREFS : -ret;
	}
	*fp = f;
	return 0;
}

static long
store_get(struct file *f, bool cloexec)
{
	struct hostfile *hf = f->f_data;
	long fd = -ENOENT;
	uint64_t number;
	int i, error;

	kmutex_enter(store_lock());
	for (i = 0; number_at(i, &number); i++) {
		if (number == hostfile_number(f)) {
			fd = fd_at(i, cloexec);
			break;
		}
	}
	kmutex_exit(store_lock());
	if (fd < 0 || hf->hf_half == NULL)
		return fd;
	error = file_hold(hf->hf_half);
	if (error == 0) {
		error = fd_install_at(curlwp(), hf->hf_half, fd, cloexec);
		if (error != 0)
			file_rele(hf->hf_half);
	}
	if (error == 0)
		return fd;
	hj_host(__NR_close, fd);
	return -error;
}

/* --- Entry points --------------------------------------------------------- */

static void
set_hooks(void)
{
	rumpuser_process.ru_host_put = store_put;
	rumpuser_process.ru_host_get = store_get;
	rumpuser_process.ru_host_gone = store_purge;
}

void
hj_store_attach(int fd)
{
	hj.hp_store = fd;
	set_hooks();
}

void
hj_store_create(void)
{
	static const uint16_t family = AF_UNIX;
	char name[128];
	int len = sizeof(name), room = SNDBUF;
	long fd, up;

	set_hooks();
	if (!hj_family_isrump(AF_UNIX))
		return;
	fd = hj_host(__NR_socket, AF_UNIX, SOCK_DGRAM);
	if (fd < 0)
		return;
	if (hj_host(__NR_bind, fd, &family, sizeof(family)) < 0 ||
	    hj_host(__NR_getsockname, fd, name, &len) < 0 ||
	    hj_host(__NR_connect, fd, name, len) < 0) {
		hj_host(__NR_close, fd);
		return;
	}
	hj_host(__NR_setsockopt, fd, SOL_SOCKET, SO_SNDBUF, &room,
	    sizeof(room));
	up = hj_fd_move_up(fd);
	if (up >= 0)
		hj_host(__NR_close, fd);
	hj.hp_store = up >= 0 ? up : fd;
}
