/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool: four host threads serve a hundred processes.  A thread takes an idle
 * lwp from the queue, runs it for one request, and puts it back.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>

#define THREADS  4
#define PROCS    100
#define REQUESTS 20000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct lwp *queue[PROCS]; /* a ring; it has room for all */
static unsigned head, tail, requests = REQUESTS;

/* Put one back that was served; take the next, or NULL: all is done. */
static struct lwp *
next(struct lwp *l)
{
	pthread_mutex_lock(&lock);
	if (l != NULL)
		queue[tail++ % PROCS] = l;
	l = requests > 0 ? queue[head++ % PROCS] : NULL;
	requests -= l != NULL;
	pthread_mutex_unlock(&lock);
	return l;
}

static void *
serve(void *arg)
{
	struct lwp *l = NULL;

	while ((l = next(l)) != NULL) {
		rump_pub_lwproc_switch(l);
		if (rump_sys_write(0, "request\n", 8) != 8)
			err(1, "pid %d: write", (int)rump_sys_getpid());
		/* It must be idle before another thread may take it. */
		rump_pub_lwproc_switch(NULL);
	}
	return arg;
}

int
main(void)
{
	int i, flags = O_WRONLY | O_CREAT | O_APPEND;
	pthread_t thread[THREADS];
	long bytes = 0;

	errno = rump_init();
	for (i = 0; errno == 0 && i < PROCS; i++) {
		rump_pub_lwproc_switch(NULL);
		errno = rump_pub_lwproc_rfork(RUMP_RFCFDG);
		if (errno == 0 && rump_sys_open("/log", flags, 0600) == 0)
			queue[tail++] = rump_pub_lwproc_curlwp();
	}
	if (tail != PROCS)
		err(1, "a kernel with %d processes", PROCS);
	rump_pub_lwproc_switch(NULL);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, serve, NULL) != 0)
			errx(1, "pthread_create");
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	while (head != tail) {
		rump_pub_lwproc_switch(queue[head++ % PROCS]);
		bytes = rump_sys_lseek(0, 0, SEEK_END);
		rump_pub_lwproc_releaselwp();
	}
	printf("%ld requests in the log\n", bytes / 8);
	return rump_kern_check() == 0 ? 0 : 1;
}
