/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwp: threads made with _lwp_create, all in one rump process, that share its
 * descriptors: some write into a pipe, one reads.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>

#include <rump/lwp.h>
#include <rump/rump.h>
#include <rump/rump_syscalls.h>

#define WRITERS 3
#define STACK   65536

static char stack[WRITERS + 1][STACK];
static int pipefd[2];

static void
start(void (*fn)(void *), void *arg, int i, lwpid_t *id)
{
	ucontext_t uc;

	_lwp_makecontext(&uc, fn, arg, NULL, stack[i], STACK);
	if (_lwp_create(&uc, 0, id) != 0)
		err(1, "_lwp_create");
}

static void
writer(void *arg)
{
	int n, *first = arg;

	for (n = *first; n < 300; n += WRITERS)
		if (rump_sys_write(pipefd[1], &n, sizeof(n)) != sizeof(n))
			err(1, "write");
}

static void
reader(void *arg)
{
	int n, *sum = arg;

	while (rump_sys_read(pipefd[0], &n, sizeof(n)) == sizeof(n))
		*sum += n;
}

int
main(void)
{
	lwpid_t id[WRITERS + 1], departed;
	int first[WRITERS], sum = 0, i;

	errno = rump_init();
	if (errno != 0)
		err(1, "rump_init");
	errno = rump_pub_lwproc_rfork(RUMP_RFCFDG);
	if (errno != 0)
		err(1, "rump_pub_lwproc_rfork");
	if (rump_sys_pipe(pipefd) != 0)
		err(1, "pipe");
	start(reader, &sum, WRITERS, &id[WRITERS]);
	for (i = 0; i < WRITERS; i++) {
		first[i] = i;
		start(writer, &first[i], i, &id[i]);
	}
	for (i = 0; i < WRITERS; i++)
		if (_lwp_wait(id[i], &departed) != 0 || departed != id[i])
			err(1, "_lwp_wait");
	/* The last descriptor of the pipe's other end: the reader ends. */
	rump_sys_close(pipefd[1]);
	if (_lwp_wait(0, &departed) != 0)
		err(1, "_lwp_wait");
	printf("lwp %d was the last, pid %d; the sum is %d\n", departed,
	    (int)rump_sys_getpid(), sum);
	rump_pub_lwproc_releaselwp();
	return rump_kern_check() == 0 ? 0 : 1;
}
