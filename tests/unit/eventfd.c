/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters and timers that are files; poll and select. */
#include <pthread.h>
#include <time.h>

#include "tests/unit/both.h"

SUITE(eventfd);

static void
put(const struct side *s, int fd, uint64_t n)
{
	errno = 0;
	say("write %lx: %zd", n, s->write(fd, &n, 8));
	say(" %s\n", strerrorname_np(errno));
}

static void
take(const struct side *s, int fd)
{
	uint64_t n = 99;

	errno = 0;
	say("read: %zd", s->read(fd, &n, 8));
	say(" %lx %s\n", n, strerrorname_np(errno));
}

static void
look(const struct side *s, int fd)
{
	struct pollfd pf = { .fd = fd,
		.events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM |
		    POLLPRI };

	SAY(s->poll(&pf, 1, 0));
	say("%x\n", pf.revents);
}

static void
counts(const struct side *s)
{
	int fd, mode;
	char buf[20];

	SAY(s->eventfd(0, 0x80));
	for (mode = 0; mode < 2; mode++) {
		fd = s->eventfd(3, EFD_NONBLOCK | (mode ? EFD_SEMAPHORE : 0));
		look(s, fd);
		take(s, fd);
		take(s, fd);
		put(s, fd, 5);
		put(s, fd, 0);
		take(s, fd);
		look(s, fd);
		put(s, fd, -1);
		put(s, fd, -2);
		put(s, fd, -3);
		look(s, fd);
		put(s, fd, 1);
		put(s, fd, 5);
		take(s, fd);
		look(s, fd);
		SAY(s->read(fd, buf, 7));
		SAY(s->write(fd, buf, 7));
		SAY(s->read(fd, NULL, 8));
		SAY(s->write(fd, NULL, 8));
		memset(buf, 0, sizeof(buf));
		SAY(s->write(fd, buf, 16));
		SAY(s->read(fd, buf, 16));
		SAY(s->fcntl(fd, F_GETFL));
		s->close(fd);
	}
}

Test(eventfd, counts_as_the_hosts)
{
	both(counts);
}

static int fd;

static void *
take_one(void *arg)
{
	uint64_t n = 0;

	rump_pub_lwproc_newlwp(*(int *)arg);
	if (rump_sys_read(fd, &n, 8) != 8)
		n = -1;
	rump_pub_lwproc_releaselwp();
	return (void *)n;
}

static void *
put_one(void *arg)
{
	uint64_t n = 1;

	rump_pub_lwproc_newlwp(*(int *)arg);
	if (rump_sys_write(fd, &n, 8) != 8)
		n = -1;
	rump_pub_lwproc_releaselwp();
	return (void *)n;
}

Test(eventfd, readers_and_writers_sleep)
{
	int pid = OK(rump_sys_getpid());
	uint64_t n = 7;
	pthread_t td;
	void *res;

	fd = OK(rump_sys_eventfd2(0, 0));
	cr_assert_eq(pthread_create(&td, NULL, take_one, &pid), 0);
	usleep(10000);
	EQ(rump_sys_write(fd, &n, 8), 8);
	pthread_join(td, &res);
	EQ(res, 7);
	n = -2;
	EQ(rump_sys_write(fd, &n, 8), 8);
	cr_assert_eq(pthread_create(&td, NULL, put_one, &pid), 0);
	usleep(10000);
	EQ(rump_sys_read(fd, &n, 8), 8);
	EQ(n, -2);
	pthread_join(td, &res);
	EQ(res, 1);
	EQ(rump_sys_read(fd, &n, 8), 8);
	EQ(n, 1);
}

Test(eventfd, wakes_every_reader_it_serves)
{
	int pid = OK(rump_sys_getpid()), i;
	uint64_t n = 4;
	pthread_t td[4];
	void *res;

	fd = OK(rump_sys_eventfd2(0, EFD_SEMAPHORE));
	for (i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&td[i], NULL, take_one, &pid), 0);
	usleep(10000);
	EQ(rump_sys_write(fd, &n, 8), 8);
	for (i = 0; i < 4; i++) {
		pthread_join(td[i], &res);
		EQ(res, 1);
	}
}

/* --- poll and select ----------------------------------------------------------- */

static void
polls(const struct side *s)
{
	struct timeval tv = { .tv_usec = 1000 };
	struct pollfd pf[5];
	int p[2], sv[2], file, i;
	fd_set r, w, x;

	s->pipe2(p, O_NONBLOCK);
	SAY(s->socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0);
	file = s->open("/", O_RDONLY);
	for (i = 0; i < 5; i++)
		pf[i] = (struct pollfd){ .events = POLLIN | POLLOUT | POLLPRI };
	pf[0].fd = p[0];
	pf[1].fd = p[1];
	pf[2].fd = -5;
	pf[3].fd = file;
	pf[4].fd = sv[0];
	SAY(s->poll(pf, 5, 0));
	for (i = 0; i < 5; i++)
		say("%x ", pf[i].revents);
	pf[2].fd = 999;
	s->write(p[1], "x", 1);
	s->close(sv[1]);
	SAY(s->poll(pf, 5, -1));
	for (i = 0; i < 5; i++)
		say("%x ", pf[i].revents);
	SAY(s->poll(NULL, 1, 0));
	SAY(s->poll(NULL, 0, 1));
#ifndef __SANITIZE_ADDRESS__ /* which looks at all of them first */
	SAY(s->poll(pf, 1000000000, 0));
#endif

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&x);
	FD_SET(p[0], &r);
	FD_SET(sv[0], &r);
	FD_SET(p[1], &w);
	FD_SET(sv[0], &x);
	SAY(s->select(200, &r, &w, &x, &tv));
	say("%d %d %d %d\n", !!FD_ISSET(p[0], &r), !!FD_ISSET(sv[0], &r),
	    !!FD_ISSET(p[1], &w), !!FD_ISSET(sv[0], &x));
	SAY(s->select(-1, &r, &w, &x, &tv));
	tv.tv_usec = -1;
	SAY(s->select(10, NULL, NULL, NULL, &tv));
	tv.tv_usec = 2000;
	SAY(s->select(0, NULL, NULL, NULL, &tv));
	say("%ld %ld\n", tv.tv_sec, tv.tv_usec);
	s->close(p[0]);
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	SAY(s->select(p[0] + 1, &r, NULL, NULL, &tv));
	s->close(p[1]);
	s->close(sv[0]);
	s->close(file);
}

Test(eventfd, polls_as_the_host)
{
	both(polls);
}

static void *
poll_one(void *arg)
{
	struct pollfd pf = { .fd = fd, .events = POLLIN };
	long n;

	rump_pub_lwproc_newlwp(*(int *)arg);
	n = rump_sys_poll(&pf, 1, 10000);
	rump_pub_lwproc_releaselwp();
	return (void *)n;
}

Test(eventfd, sleeping_pollers_are_woken)
{
	int pid = OK(rump_sys_getpid());
	uint64_t n = 1;
	pthread_t td;
	void *res;

	fd = OK(rump_sys_eventfd2(0, 0));
	cr_assert_eq(pthread_create(&td, NULL, poll_one, &pid), 0);
	usleep(10000);
	EQ(rump_sys_write(fd, &n, 8), 8);
	pthread_join(td, &res);
	EQ(res, 1);
}

static void
no_op(int sig)
{
	(void)sig;
}

Test(eventfd, ppoll_and_pselect_let_signals_in)
{
	struct sigaction sa = { .sa_handler = no_op };
	struct timespec ts = { .tv_sec = 5 };
	sigset_t none, blocked;
	struct {
		const sigset_t *set;
		size_t size;
	} arg = { &none, 8 };

	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	pthread_kill(pthread_self(), SIGUSR1);
	FAILS(rump_sys_ppoll(NULL, 0, &ts, &none), EINTR);
	cr_assert(ts.tv_sec == 4 && ts.tv_nsec > 0);
	pthread_kill(pthread_self(), SIGUSR1);
	ts = (struct timespec){ .tv_sec = 5 };
	FAILS(rump_sys_pselect6(0, NULL, NULL, NULL, &ts, &arg), EINTR);
	cr_assert_eq(ts.tv_sec, 4);
	arg.size = 4;
	FAILS(rump_sys_pselect6(0, NULL, NULL, NULL, &ts, &arg), EINVAL);
}
