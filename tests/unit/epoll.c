/* SPDX-License-Identifier: BSD-2-Clause */
/* Epoll sets: as the host's. */
#include "tests/unit/both.h"

SUITE(epoll);

#define ADD EPOLL_CTL_ADD
#define MOD EPOLL_CTL_MOD
#define DEL EPOLL_CTL_DEL

static void
errors(const struct side *s)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep, p[2], file;

	SAY(s->epoll_create(0));
	SAY(s->epoll_create(-1));
	SAY(s->epoll_create1(1));
	ep = s->epoll_create1(EPOLL_CLOEXEC);
	SAY(s->fcntl(ep, F_GETFD));
	SAY(s->pipe2(p, O_NONBLOCK) < 0);
	file = s->open("/dev/null", O_RDWR);
	SAY(ctl(s, ep, ADD, file, 'f', EPOLLIN));
	s->close(file);
	file = s->open("/", O_RDONLY);
	SAY(ctl(s, ep, ADD, file, 'f', EPOLLIN));
	s->close(file);
	file = s->open("/", O_PATH);
	SAY(ctl(s, ep, ADD, file, 'f', EPOLLIN));
	SAY(ctl(s, file, ADD, p[0], 'f', EPOLLIN));
	s->close(file);
	SAY(ctl(s, ep, ADD, ep, 'e', EPOLLIN));
	SAY(ctl(s, p[0], ADD, p[1], 'e', EPOLLIN));
	SAY(ctl(s, p[0], ADD, 999, 'e', EPOLLIN));
	SAY(ctl(s, 999, ADD, p[0], 'e', EPOLLIN));
	SAY(ctl(s, ep, 77, p[0], 'e', EPOLLIN));
	SAY(ctl(s, ep, 77, 999, 'e', EPOLLIN));
	SAY(s->epoll_ctl(ep, ADD, p[0], NULL));
	SAY(s->epoll_ctl(999, ADD, p[0], NULL));
	SAY(ctl(s, ep, MOD, p[0], 'p', EPOLLIN));
	SAY(ctl(s, ep, DEL, p[0], 'p', EPOLLIN));
	SAY(ctl(s, ep, ADD, p[0], 'p', EPOLLIN));
	SAY(ctl(s, ep, ADD, p[0], 'p', EPOLLIN));
	SAY(s->epoll_ctl(ep, DEL, p[0], NULL));
	SAY(s->epoll_ctl(ep, DEL, p[0], NULL));
	SAY(s->epoll_wait(ep, &ev, 0, 0));
	SAY(s->epoll_wait(ep, &ev, -1, 0));
	SAY(s->epoll_wait(ep, &ev, 1 << 30, 0));
	SAY(s->epoll_wait(999, &ev, 0, 0));
	SAY(s->epoll_wait(p[0], &ev, 1, 0));
	SAY(s->epoll_wait(p[0], &ev, 0, 0));
	SAY(s->epoll_wait(ep, NULL, 1, 0));
	SAY(s->epoll_wait(ep, (void *)-4096L, 1, 0));
	SAY(s->write(ep, &ev, 8));
	SAY(s->read(ep, &ev, 8));
	SAY(ctl(s, ep, ADD, p[1], 'w', EPOLLOUT));
	SAY(s->epoll_wait(ep, NULL, 1, 0));
	SAY(s->epoll_wait(ep, &ev, 1, 0));
	s->close(ep);
	s->close(p[0]);
	s->close(p[1]);
}

Test(epoll, errors_are_the_hosts)
{
	both(errors);
}

static void
triggers(const struct side *s)
{
	static const uint32_t how[] = { 0, EPOLLET, EPOLLONESHOT,
		EPOLLET | EPOLLONESHOT };
	int ep, p[2];
	char c;
	size_t i;

	for (i = 0; i < 4; i++) {
		ep = s->epoll_create1(0);
		s->pipe2(p, O_NONBLOCK);
		say("flags %x\n", how[i]);
		SAY(ctl(s, ep, ADD, p[0], 'r', EPOLLIN | how[i]));
		SAY(ctl(s, ep, ADD, p[1], 'w', EPOLLOUT | how[i]));
		say_events(s, ep, 10, 0);
		say_events(s, ep, 10, 0);
		s->write(p[1], "abc", 3);
		say_events(s, ep, 10, 0);
		say_events(s, ep, 10, 0);
		s->write(p[1], "d", 1);
		say_events(s, ep, 10, 0);
		s->read(p[0], &c, 1);
		say_events(s, ep, 10, 0);
		SAY(ctl(s, ep, MOD, p[0], 'R', EPOLLIN | how[i]));
		say_events(s, ep, 10, 0);
		say_events(s, ep, 10, 0);
		s->read(p[0], &c, 1);
		s->read(p[0], &c, 1);
		s->read(p[0], &c, 1);
		say_events(s, ep, 10, 0);
		SAY(ctl(s, ep, MOD, p[0], 'x', how[i]));
		s->write(p[1], "e", 1);
		say_events(s, ep, 10, 0);
		SAY(ctl(s, ep, MOD, p[0], 'y', EPOLLIN | how[i]));
		say_events(s, ep, 10, 0);
		s->close(p[1]);
		say_events(s, ep, 10, 0);
		say_events(s, ep, 10, 0);
		s->close(p[0]);
		say_events(s, ep, 10, 0);
		s->close(ep);
	}
}

Test(epoll, level_edge_and_oneshot)
{
	both(triggers);
}

static void
pairs(const struct side *s)
{
	static const uint32_t how[] = { 0, EPOLLET, EPOLLONESHOT };
	uint32_t in = EPOLLIN | EPOLLRDHUP;
	int ep, sv[2];
	char c[8];
	size_t i;

	for (i = 0; i < 3; i++) {
		ep = s->epoll_create1(0);
		SAY(s->socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv));
		say("flags %x\n", how[i]);
		SAY(ctl(s, ep, ADD, sv[0], 'a', in | how[i]));
		SAY(ctl(s, ep, ADD, sv[1], 'b', in | how[i]));
		say_events(s, ep, 10, 0);
		s->write(sv[1], "abc", 3);
		say_events(s, ep, 10, 0);
		say_events(s, ep, 10, 0);
		s->read(sv[0], c, 8);
		s->write(sv[1], "abc", 3);
		say_events(s, ep, 10, 0);
		s->close(sv[1]);
		say_events(s, ep, 10, 0);
		s->read(sv[0], c, 8);
		say_events(s, ep, 10, 0);
		s->close(sv[0]);
		say_events(s, ep, 10, 0);
		s->close(ep);
	}
}

Test(epoll, socket_pairs)
{
	both(pairs);
}

/* An item goes with the last descriptor of its file, not with its own. */
static void
duplicates(const struct side *s)
{
	int ep = s->epoll_create1(0), p[2], d;

	s->pipe2(p, O_NONBLOCK);
	d = s->dup(p[0]);
	s->write(p[1], "x", 1);
	SAY(ctl(s, ep, ADD, p[0], 'p', EPOLLIN));
	SAY(ctl(s, ep, ADD, d, 'd', EPOLLIN));
	SAY(ctl(s, ep, ADD, d, 'd', EPOLLIN));
	say_events(s, ep, 10, 0);
	say_events(s, ep, 1, 0);
	say_events(s, ep, 1, 0);
	say_events(s, ep, 1, 0);
	s->close(p[0]);
	say_events(s, ep, 10, 0);
	SAY(ctl(s, ep, DEL, p[0], 'p', EPOLLIN));
	SAY(ctl(s, ep, DEL, d, 'd', EPOLLIN));
	say_events(s, ep, 10, 0);
	s->close(d);
	say_events(s, ep, 10, 0);
	s->close(p[1]);
	s->close(ep);
}

Test(epoll, same_file_under_two_descriptors)
{
	both(duplicates);
}

static void
nested(const struct side *s)
{
	int in = s->epoll_create1(0), out = s->epoll_create1(0), p[2], i, e[7];
	struct pollfd pf = { .fd = in, .events = POLLIN | POLLOUT };

	s->pipe2(p, O_NONBLOCK);
	SAY(ctl(s, out, ADD, in, 'i', EPOLLIN | EPOLLOUT | EPOLLET));
	SAY(ctl(s, in, ADD, out, 'o', EPOLLIN));
	SAY(ctl(s, in, ADD, p[0], 'p', EPOLLIN));
	say_events(s, out, 5, 0);
	SAY(s->poll(&pf, 1, 0));
	s->write(p[1], "x", 1);
	SAY(s->poll(&pf, 1, 0));
	SAY(pf.revents);
	say_events(s, out, 5, 0);
	say_events(s, out, 5, 0);
	say_events(s, in, 5, 0);
	SAY(ctl(s, out, MOD, in, 'i', EPOLLIN));
	say_events(s, out, 5, 0);
	say_events(s, out, 5, 0);
	s->close(in);
	say_events(s, out, 5, 0);
	s->close(p[0]);
	s->close(p[1]);
	s->close(out);
	/* How deep: each into the one before, then from the other end. */
	for (i = 0; i < 7; i++)
		e[i] = s->epoll_create1(0);
	for (i = 1; i < 7; i++)
		SAY(ctl(s, e[i - 1], ADD, e[i], 'e', EPOLLIN));
	SAY(ctl(s, e[2], ADD, e[0], 'e', EPOLLIN));
	SAY(ctl(s, e[2], ADD, e[2], 'e', EPOLLIN));
	for (i = 0; i < 7; i++)
		s->close(e[i]);
	for (i = 0; i < 7; i++)
		e[i] = s->epoll_create1(0);
	for (i = 6; i > 0; i--)
		SAY(ctl(s, e[i - 1], ADD, e[i], 'e', EPOLLIN));
	SAY(ctl(s, e[5], ADD, e[3], 'e', EPOLLIN));
	for (i = 0; i < 7; i++)
		s->close(e[i]);
}

Test(epoll, sets_in_sets)
{
	both(nested);
}

static void
exclusive(const struct side *s)
{
	uint32_t x = EPOLLIN | EPOLLEXCLUSIVE;
	int ep = s->epoll_create1(0), e2 = s->epoll_create1(0), p[2];

	s->pipe2(p, O_NONBLOCK);
	SAY(ctl(s, ep, ADD, p[0], 'x', x | EPOLLONESHOT));
	SAY(ctl(s, ep, ADD, p[0], 'x', x | EPOLLRDHUP));
	SAY(ctl(s, ep, ADD, e2, 'x', x));
	SAY(ctl(s, ep, ADD, p[0], 'x', x | EPOLLET));
	SAY(ctl(s, ep, MOD, p[0], 'x', x));
	SAY(ctl(s, ep, MOD, p[0], 'x', EPOLLIN));
	SAY(ctl(s, e2, ADD, p[0], 'y', x));
	s->write(p[1], "x", 1);
	say_events(s, ep, 5, 0);
	say_events(s, ep, 5, 0);
	say_events(s, e2, 5, 0);
	SAY(ctl(s, e2, ADD, p[1], 'w', EPOLLOUT | EPOLLWAKEUP));
	say_events(s, e2, 5, 0);
	s->close(p[0]);
	s->close(p[1]);
	s->close(ep);
	s->close(e2);
}

Test(epoll, exclusive_items)
{
	both(exclusive);
}

/* What was there has gone again when somebody looks. */
static void
gone(const struct side *s)
{
	static const uint32_t how[] = { 0, EPOLLET, EPOLLONESHOT };
	int set, pp[2];
	size_t i;
	char c;

	for (i = 0; i < 3; i++) {
		set = s->epoll_create1(0);
		s->pipe2(pp, O_NONBLOCK);
		SAY(ctl(s, set, ADD, pp[0], 'p', EPOLLIN | how[i]));
		s->write(pp[1], "x", 1);
		s->read(pp[0], &c, 1);
		say_events(s, set, 5, 0);
		s->write(pp[1], "x", 1);
		say_events(s, set, 5, 0);
		s->close(pp[0]);
		s->close(pp[1]);
		s->close(set);
	}
}

Test(epoll, events_that_went_again_are_not_told)
{
	both(gone);
}

/* An end of a pipe has no news of the other end's. */
static void
ends(const struct side *s)
{
	uint32_t all = EPOLLIN | EPOLLOUT | EPOLLET;
	int set = s->epoll_create1(0), pp[2];
	char c;

	s->pipe2(pp, O_NONBLOCK);
	SAY(ctl(s, set, ADD, pp[0], 'r', all));
	SAY(ctl(s, set, ADD, pp[1], 'w', all));
	say_events(s, set, 5, 0);
	s->write(pp[1], "x", 1);
	say_events(s, set, 5, 0);
	s->read(pp[0], &c, 1);
	say_events(s, set, 5, 0);
	s->close(pp[0]);
	say_events(s, set, 5, 0);
	s->close(pp[1]);
	s->close(set);
}

Test(epoll, an_end_of_a_pipe_has_news_of_its_own)
{
	both(ends);
}

/* Those not reported for want of room come first the next time. */
static void
turns(const struct side *s)
{
	int ep = s->epoll_create1(0), p[5][2], i;

	for (i = 0; i < 5; i++) {
		s->pipe2(p[i], O_NONBLOCK);
		ctl(s, ep, ADD, p[i][0], 'a' + i, EPOLLIN);
		s->write(p[i][1], "x", 1);
	}
	for (i = 0; i < 7; i++)
		say_events(s, ep, 2, 0);
	say_events(s, ep, 5, 0);
	for (i = 0; i < 5; i++) {
		s->close(p[i][0]);
		s->close(p[i][1]);
	}
	s->close(ep);
}

Test(epoll, everyone_has_a_turn)
{
	both(turns);
}
