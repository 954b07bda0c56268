/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random calls on sets, sets in sets, pipes and counters: each sequence gives
 * the same on both kernels.  EPOLL_SEEDS=n tries more than a few.
 *
 * Not compared: the order of events in a result, which is that of the queues,
 * and what a write to a full pipe tells edge-triggered readers on Linux.
 */
#include "tests/unit/both.h"

SUITE(epoll_random);

#define PIPES    4
#define COUNTERS 2
#define FILES    (2 * (PIPES + COUNTERS)) /* two descriptors of each */
#define SETS     3
#define STEPS    60
#define CHUNK    4096 /* a page: a pipe holds as many on both kernels */

static uint64_t seed, state;

static unsigned
rnd(unsigned n)
{

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % n;
}

static void
open_all(const struct side *s, int *fd)
{
	int i;

	for (i = 0; i < PIPES; i++)
		cr_assert_eq(s->pipe2(fd + 2 * i, O_NONBLOCK), 0);
	for (; i < PIPES + COUNTERS; i++) {
		fd[2 * i] = s->eventfd(0,
		    EFD_NONBLOCK | (i & 1 ? EFD_SEMAPHORE : 0));
		fd[2 * i + 1] = s->dup(fd[2 * i]);
	}
	for (i = FILES; i < FILES + SETS; i++)
		fd[i] = s->epoll_create1(0);
}

static void
change(const struct side *s, const int *fd)
{
	static const uint32_t how[] = { 0, EPOLLIN, EPOLLIN | EPOLLOUT,
		EPOLLIN | EPOLLET, EPOLLOUT | EPOLLET,
		EPOLLIN | EPOLLOUT | EPOLLET, EPOLLIN | EPOLLONESHOT,
		EPOLLOUT | EPOLLONESHOT };
	static const int ops[] = { EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD,
		EPOLL_CTL_DEL };
	int set = FILES + rnd(SETS), op = ops[rnd(4)];
	int in = rnd(8) != 0 ? rnd(FILES) : FILES + rnd(SETS);
	uint32_t events = how[rnd(8)];
	long ret = ctl(s, fd[set], op, fd[in], 'a' + in, events);

	say("ctl %c op %d %c %x: %ld %d\n", 'a' + set, op, 'a' + in, events,
	    ret, ret < 0 ? errno : 0);
}

static void
move(const struct side *s, const int *fd, bool out)
{
	static char buf[CHUNK];
	uint64_t one = 1;
	int i = rnd(FILES);
	long ret;

	if (i >= 2 * PIPES)
		ret = out ? s->write(fd[i], &one, 8) : s->read(fd[i], &one, 8);
	else
		ret = out ? s->write(fd[i | 1], buf, CHUNK) :
			    s->read(fd[i & ~1], buf, CHUNK);
	say("%s %c: %ld %d\n", out ? "write" : "read", 'a' + i, ret,
	    ret < 0 ? errno : 0);
}

static int
by_name(const void *a, const void *b)
{
	const struct epoll_event *ea = a, *eb = b;

	return (int)ea->data.u32 - (int)eb->data.u32;
}

static void
look(const struct side *s, const int *fd)
{
	int set = FILES + rnd(SETS), i, n;
	struct epoll_event ev[32];

	n = s->epoll_wait(fd[set], ev, 32, 0);
	if (n > 0)
		qsort(ev, n, sizeof(ev[0]), by_name);
	say("wait %c: %d", 'a' + set, n);
	for (i = 0; i < n; i++)
		say(" %c:%x", (int)ev[i].data.u32, ev[i].events);
	say("\n");
}

static void
sequence(const struct side *s)
{
	int fd[FILES + SETS], step, i;

	state = seed * 2654435761u + 88172645463325252u;
	open_all(s, fd);
	for (step = 0; step < STEPS; step++) {
		switch (rnd(12)) {
		case 0:
		case 1:
		case 2:
		case 3:
			change(s, fd);
			break;
		case 4:
		case 5:
			move(s, fd, true);
			break;
		case 6:
		case 7:
			move(s, fd, false);
			break;
		case 8:
			i = rnd(FILES + SETS);
			if (step > STEPS / 2 && rnd(3) == 0)
				say("close %c: %d\n", 'a' + i, s->close(fd[i]));
			break;
		default:
			look(s, fd);
		}
	}
	for (i = 0; i < FILES + SETS; i++)
		s->close(fd[i]);
}

Test(epoll_random, sequences_are_the_hosts)
{
	const char *more = getenv("EPOLL_SEEDS");
	uint64_t n = more != NULL ? strtoul(more, NULL, 0) : 3000;

	signal(SIGPIPE, SIG_IGN);
	for (seed = 1; seed <= n; seed++)
		both(sequence);
}
