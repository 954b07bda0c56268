/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netfuzz: the same random calls on sockets and descriptors to poll, on the
 * host and on rump.
 *
 * It is run under the shim with socket=all.  The host's calls go past the shim,
 * in a network namespace of the round's own.  Not run under the shim, it
 * compares the host with itself.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netfuzz.h"

#define ROOTLEN 60 /* of the directories' paths, which are padded */

const char *const fuzz_name = "netfuzz";
const char *const fuzz_inject = "recv";
const char *const fuzz_host = "/dev/shm";
const int fuzz_patience = 20;

struct options opt = {
	.calls = 200000,
	.round = 400,
};

static struct side sides[2];
static bool under_shim;
static int ran;
static volatile sig_atomic_t pipes; /* SIGPIPEs that came */

static void
on_pipe(int sig)
{
	(void)sig;
	pipes = pipes + 1;
}

void
fuzz_start(void)
{
	buffers_init();
	under_shim = shimmed();
	if (!under_shim)
		printf("there is no shim: comparing the host with itself\n");
}

static void
side_start(struct side *s, int index, const char *dir, int id)
{
	char path[120];
	size_t n;
	int fd;

	memset(s, 0, sizeof(*s));
	s->index = index;
	s->label = index == 0 ? "host" : "rump";
	s->out = &texts[index];
	s->raw = index == 0 || !under_shim;
	s->both = !under_shim;
	s->id = id * 2 + index;
	/* Ports that ended lately are not met again soon. */
	s->port = 10000 + (s->id * NPORT) % 20000;
	n = (size_t)snprintf(s->root, sizeof(s->root), "%s/", dir);
	while (n < ROOTLEN)
		s->root[n++] = 'p';
	s->root[n] = '\0';
	s->rootlen = n;
	for (int i = 0; i < NSLOT; i++)
		s->fd[i] = -1;
	tree_remove(s->root);
	if (n != ROOTLEN || mkdir(s->root, 0777) == -1) {
		fprintf(stderr, "netfuzz: %s: %s\n", s->root, strerror(errno));
		_exit(2);
	}
	snprintf(path, sizeof(path), "%s/file", s->root);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd == -1 || write(fd, arg_in(0x100), FILELEN) != FILELEN)
		_exit(2);
	close(fd);
}

static void
side_end(struct side *s)
{
	for (int i = 0; i < NSLOT; i++)
		if (s->fd[i] != -1)
			close(s->fd[i]);
	tree_remove(s->root);
}

/* One call on one side; its text in s->out is what is compared. */
static void
side_call(struct side *s, const struct op *o)
{
	const char *spec = ops[o->nr].spec;
	int error;
	long r;

	s->out->len = 0;
	pipes = 0;
	errno = 0;
	r = ops[o->nr].call(s, o);
	error = errno;
	if (opt.inject != NULL && s->index == 1 && r > 0 &&
	    strcmp(ops[o->nr].name, opt.inject) == 0)
		r++;
	put(s, " = %ld %s", r, r == -1 ? errname(error) : "");
	if (pipes != 0)
		put(s, " SIGPIPE*%d", (int)pipes);
	if (s->index == 0)
		count(o, r);
	net_settle(s);
	look_ready(s);
	for (int i = 0; spec[i] != '\0'; i++)
		if (spec[i] == 'f' || spec[i] == 's')
			look_fd(s, arg_fd(s, o->arg[i] % NSLOT));
}

int
run_ops(const struct op *list, long n, bool quiet)
{
	int id = (int)(((unsigned)getpid() * 4 + (unsigned)ran++ % 4) % 2000);
	int bad = 0;

	umask(022);
	signal(SIGPIPE, on_pipe);
	if (!net_own()) {
		fprintf(stderr, "netfuzz: no network namespace: %s\n",
		    strerror(errno));
		_exit(2);
	}
	net_start();
	for (int k = 0; k < 2; k++)
		side_start(&sides[k], k, k == 0 ? opt.host : opt.rump, id);
	for (long i = 0; i < n && !bad; i++) {
		progress(i);
		if (opt.replay != NULL && !quiet) {
			printf("%ld ", i);
			op_print(stdout, &list[i]);
			printf("\n");
			fflush(stdout);
		}
		for (int k = 0; k < 2; k++)
			side_call(&sides[k], &list[i]);
		if (!texts_same()) {
			bad = DIFFER;
			if (!quiet)
				report(&list[i], i, "its result");
		} else if (opt.verbose && opt.replay != NULL)
			printf("  %s\n", texts[0].buf);
	}
	for (int k = 0; k < 2; k++)
		side_end(&sides[k]);
	return bad;
}
