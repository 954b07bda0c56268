/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kick: waking a thread that waits in the host, across users.
 *
 * Such a wake is a signal (ksleep_host_enter()), and the host lets no user
 * send one to the processes of another: the workers of a server that has given
 * up root could not wake its clients.  So, from when the kernel has processes
 * of several users (a_users), a process with a thread that waits there has a
 * datagram socket of the host's, with a name that anybody may send to
 * (h_kick).  What arrives is KWAKE_SIGNAL for the thread that began to wait
 * last; it passes that on to the others.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/un.h>
#include <sys/socket.h>

#include "hijack/hijack.h"
#include "hijack/kick.h"
#include "rumpkern/arena.h"
#include "rumpkern/waitq.h"

#define NAME_LEN 6 /* of an abstract name that the host chooses */

static _Atomic uint32_t making;

static bool
in_vfork(void)
{

	return curcpu()->c_vforkparent != NULL;
}

static void
set_owner(int type, int id)
{
	struct f_owner_ex owner = { type, id };

	if (hj_host(__NR_fcntl, hj.hp_kick, F_SETOWN_EX, &owner) == 0)
		hj.hp_kickowner = id;
}

/* A socket with a name; 0: there is none. */
static uint64_t
make(int *fd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	uint64_t name = 0;
	socklen_t len = sizeof(sun);
	long low, high;

	low = hj_host(__NR_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (low < 0)
		return 0;
	if (hj_host(__NR_bind, low, &sun, sizeof(sun.sun_family)) == 0 &&
	    hj_host(__NR_getsockname, low, &sun, &len) == 0 &&
	    len == sizeof(sun.sun_family) + NAME_LEN) {
		high = hj_fd_move_up(low);
		if (high >= 0) {
			hj_host(__NR_fcntl, high, F_SETFD, FD_CLOEXEC);
			memcpy(&name, sun.sun_path, NAME_LEN);
			*fd = high;
		}
	}
	hj_host(__NR_close, low);
	return name;
}

/* The process has its socket afterwards, if that is possible. */
static bool
ensure(void)
{
	uint32_t idle = 0;
	int fd = -1;

	if (hj.hp_kick >= 0)
		return true;
	if (!atomic_compare_exchange_strong(&making, &idle, 1))
		return false; /* another thread does, or a handler's below us */
	if (hj.hp_kick < 0) {
		hj.hp_kickname = make(&fd);
		if (fd >= 0) {
			hj_host(__NR_fcntl, fd, F_SETSIG, KWAKE_SIGNAL);
			hj_host(__NR_fcntl, fd, F_SETFL, O_ASYNC | O_NONBLOCK);
			hj.hp_kickowner = 0;
			hj.hp_kick = fd;
		}
	}
	atomic_store(&making, 0);
	return hj.hp_kick >= 0;
}

/* The thread is about to wait in the host. */
static void
kickable(void)
{
	struct host *h = host_byindex(curcpu()->c_host);

	if (in_vfork() || !ensure())
		return;
	hj_signal_wakes();
	if (hj.hp_kickowner != curcpu()->c_tid)
		set_owner(F_OWNER_TID, curcpu()->c_tid);
	if (atomic_load(&h->h_kick) != hj.hp_kickname)
		atomic_store(&h->h_kick, hj.hp_kickname);
}

static void
kick(uint64_t name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = -1;

	memcpy(sun.sun_path, &name, NAME_LEN);
	if (!in_vfork() && ensure())
		fd = hj.hp_kick;
	else
		make(&fd);
	hj_host(__NR_sendto, fd, NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL, &sun,
	    sizeof(sun.sun_family) + NAME_LEN);
	if (fd != hj.hp_kick)
		hj_host(__NR_close, fd);
}

void
hj_kick_init(void)
{

	rumpuser_process.ru_kickable = kickable;
	rumpuser_process.ru_kick = kick;
}

void
hj_kick_taken(void)
{
	int i;

	if (hj.hp_kick < 0)
		return;
	for (i = 0; i < 64; i++)
		if (hj_host(__NR_recvfrom, hj.hp_kick, NULL, 0, MSG_DONTWAIT) <
		    0)
			break;
	kwakeup_signal();
}

void
hj_kick_forked(void)
{

	if (hj.hp_kick >= 0)
		hj_host(__NR_close, hj.hp_kick);
	hj.hp_kick = -1;
	if (atomic_load(&making) != 0) /* or its page is copied for nothing */
		atomic_store(&making, 0);
}

void
hj_kick_exec(void)
{

	atomic_store(&host_byindex(curcpu()->c_host)->h_kick, 0);
}

void
hj_kick_exit(void)
{

	if (hj.hp_kick >= 0 && hj.hp_kickowner == curcpu()->c_tid)
		set_owner(F_OWNER_PID, rumpuser_process.ru_pid);
}

void
hj_kick_users(void)
{

	/* While we may still signal them: they wait again, to be kicked. */
	if (atomic_exchange(&ARENA->a_users, 1) == 0)
		kwakeup_sleepers();
}
