/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a list of calls on both sides in lock step and compares them. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fsfuzz.h"

#define LOOK_EVERY 64 /* calls between looks at the whole trees */

static struct side sides[2];
static int ran; /* distinguishes the trees of a process */

/*
 * Several directories deep, so that ".." cannot climb out of what is
 * compared, and as long as len, so that lengths of targets compare.
 */
static void
side_paths(struct side *s, int index, const char *dir, int id, size_t len)
{
	size_t n;

	memset(s, 0, sizeof(*s));
	s->index = index;
	s->label = index == 0 ? "host" : "rump";
	s->out = &texts[index];
	snprintf(s->top, sizeof(s->top), "%s/r%d", dir, id);
	snprintf(s->root, sizeof(s->root), "%s/p1/p2/p3/p4/p5/p", s->top);
	n = strlen(s->root);
	while (n < len)
		s->root[n++] = 'p';
	s->root[n] = '\0';
	s->rootlen = n;
	s->cwd = -1;
	for (int i = 0; i < NSLOT; i++)
		s->fd[i] = -1;
}

static void
side_start(struct side *s)
{
	char path[400];
	size_t i;

	tree_remove(s->top);
	snprintf(path, sizeof(path), "%s", s->root);
	for (i = strlen(s->top); i <= s->rootlen; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0755) == -1) {
			fprintf(stderr, "fsfuzz: %s: %s\n", path,
			    strerror(errno));
			_exit(2);
		}
		path[i] = s->root[i];
	}
	chmod(s->root, 0777);
	s->cwd = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void
side_end(struct side *s)
{
	for (int i = 0; i < NSLOT; i++)
		if (s->fd[i] != -1)
			close(s->fd[i]);
	close(s->cwd);
	tree_remove(s->top);
}

static void
become(int as)
{
	if (as == 0) {
		if (seteuid(0) == -1 || setegid(0) == -1)
			_exit(2);
		return;
	}
	if (setegid(1001) == -1 || seteuid((uid_t)(1000 + as)) == -1)
		_exit(2);
}

static bool
root(void)
{
	static int known = -1;

	if (known == -1)
		known = geteuid() == 0;
	return known;
}

/* One call on one side; its text in s->out is what is compared. */
static void
side_call(struct side *s, const struct op *o)
{
	static char buf[8192];
	const char *spec = ops[o->nr].spec;
	bool as = o->as != 0 && root();
	bool timed = o->timed != 0 && !opt.notimes;
	int error, arg = 0;
	long r;

	s->out->len = 0;
	if (timed) {
		times_age(s, o->timed);
		ctime_wait(o);
	}
	if (fchdir(s->cwd) == -1)
		put(s, " fchdir=%s", errname(errno));
	if (as)
		become(o->as);
	errno = 0;
	r = ops[o->nr].call(s, o);
	error = errno;
	if (as)
		become(0);
	put(s, " = %ld %s", r, r == -1 ? errname(error) : "");
	if (s->index == 0)
		count(o, r);
	if (timed)
		times_changed(s);
	for (; *spec != '\0'; spec++)
		if (*spec != 'p' && arg++ >= 0 && *spec == 'f')
			look_fd(s, arg_fd(s, o->arg[arg - 1]));
	for (int i = 0; i < o->npath; i++)
		if (o->path[i].how == HOW_ABS && o->path[i].odd == ODD_NOT)
			look_path(s, arg_path(s, &o->path[i], buf));
}

static bool
trees_same(void)
{
	for (int k = 0; k < 2; k++) {
		sides[k].out->len = 0;
		look_tree(&sides[k]);
	}
	return texts_same();
}

/* Returns 0 when the sides agree on every call, DIFFER when they do not. */
int
run_ops(const struct op *list, long n, bool quiet)
{
	int id = (int)getpid() * 10 + ran++ % 10;
	size_t longest = strlen(opt.host) > strlen(opt.rump) ?
	    strlen(opt.host) :
	    strlen(opt.rump);
	char probe[80];
	int bad = 0;

	longest += 22 + (size_t)snprintf(probe, sizeof(probe), "/r%d", id);
	umask(022);
	for (int k = 0; k < 2; k++) {
		side_paths(&sides[k], k, k == 0 ? opt.host : opt.rump, id,
		    longest);
		side_start(&sides[k]);
	}
	for (long i = 0; i < n && !bad; i++) {
		progress(i);
		if (opt.replay != NULL && !quiet) {
			printf("%ld ", i);
			op_print(stdout, &list[i]);
			printf("\n");
			fflush(stdout);
		}
		texts[0].len = texts[1].len = 0;
		if (call_stays(&sides[0], &list[i]))
			for (int k = 0; k < 2; k++)
				side_call(&sides[k], &list[i]);
		if (!texts_same()) {
			bad = DIFFER;
			if (!quiet)
				report(&list[i], i, "its result");
		} else if ((i % LOOK_EVERY == LOOK_EVERY - 1 || i == n - 1) &&
		    !trees_same()) {
			bad = DIFFER;
			if (!quiet)
				report(&list[i], i, "the trees after");
		}
	}
	for (int k = 0; k < 2; k++)
		side_end(&sides[k]);
	return bad;
}
