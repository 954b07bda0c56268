/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit: what the unit tests share.  Each test boots a kernel of its own, and
 * after it the kernel must be whole.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <criterion/criterion.h>

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"

#define SUITE(name) TestSuite(name, .init = boot, .fini = finish, .timeout = 60)

/* The call succeeds; its result. */
#define OK(e)                                                                 \
	__extension__({                                                       \
		long ok_ = (long)(e);                                         \
		cr_assert(ok_ >= 0, "%s: %ld, errno %d (%s)", #e, ok_, errno, \
		    strerror(errno));                                         \
		ok_;                                                          \
	})
/* The call fails with this errno. */
#define FAILS(e, err)                                                    \
	do {                                                             \
		errno = 0;                                               \
		long fails_ = (long)(e);                                 \
		cr_assert(fails_ == -1 && errno == (err),                \
		    "%s: %ld, errno %d (%s), not %s", #e, fails_, errno, \
		    strerror(errno), #err);                              \
	} while (0)
#define EQ(a, b)                                                              \
	do {                                                                  \
		long eq_a = (long)(a), eq_b = (long)(b);                      \
		cr_assert(eq_a == eq_b, "%s is %ld, %s is %ld", #a, eq_a, #b, \
		    eq_b);                                                    \
	} while (0)

static inline void
boot(void)
{

	setenv("RUMP_MEMLIMIT", "256M", 0);
	EQ(rump_init(), 0);
}

static inline void
finish(void)
{

	EQ(rump_kern_check(), 0);
}

/*
 * Run a function in a forked child; its wait status.  What it says on stderr
 * is kept in said.
 */
static inline int
in_child(void (*fn)(void), char *said, size_t size)
{
	int p[2], status;
	ssize_t n;
	pid_t pid;

	cr_assert_eq(pipe(p), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(p[1], 2);
		close(p[0]);
		close(p[1]);
		alarm(20);
		fn();
		_exit(0);
	}
	close(p[1]);
	while (size > 1 && (n = read(p[0], said, size - 1)) > 0) {
		said += n;
		size -= n;
	}
	*said = '\0';
	close(p[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* The function panics, and says so. */
static inline void
panics(void (*fn)(void), const char *why)
{
	char said[1000];
	int status = in_child(fn, said, sizeof(said));

	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	    "wait status %#x, said: %s", status, said);
	cr_assert(strstr(said, "panic: ") != NULL && strstr(said, why) != NULL,
	    "it said: %s", said);
}

static inline int
make_file(const char *path, const void *data, size_t len)
{
	int fd = OK(rump_sys_open(path, O_CREAT | O_RDWR | O_TRUNC, 0644));

	EQ(rump_sys_write(fd, data, len), len);
	return fd;
}

#endif
