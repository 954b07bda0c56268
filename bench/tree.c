/* SPDX-License-Identifier: BSD-2-Clause */
/* tree: whole commands on a real tree of files. */
#include "bench/tree.h"
#include "bench/child.h"
#include "bench/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 5
#define SOURCE "/usr/include"

/*
 * % is the side's directory.  Times of lines with the same row add up; lines
 * without a row are not measured.
 */
struct line {
	const char *row;
	const char *cmd;
};

static const struct line script[] = {
	{ NULL, "mkdir -p %/t" },
	{ "hijack.cp_a", "cp -a " SOURCE " %/c" },
	{ "hijack.find", "find %/c -type f -size +4 -name *.h" },
	{ "hijack.grep_r", "grep -rlw sigset_t %/c" },
	{ "hijack.du", "du -s %/c" },
	{ "hijack.rm_r", "rm -r %/c" },
	{ "hijack.tar", "tar -C " SOURCE " -cf %/in.tar ." },
	{ "hijack.tar", "tar -C %/t -xf %/in.tar" },
	{ "hijack.tar", "tar -C %/t -cf %/out.tar ." },
	{ NULL, "rm -r %/t %/in.tar %/out.tar" },
	{ NULL, NULL },
};

/* For a kernel that has nothing yet, and whose memory the host must find. */
static const struct line script_new[] = {
	{ NULL, "mkdir -p %" },
	{ "hijack.cp_a_new", "cp -a " SOURCE " %/c" },
	{ NULL, "rm -r %/c" },
	{ NULL, NULL },
};

static void
expand(char *to, size_t size, const char *cmd, const char *dir)
{
	size_t n = 0;

	for (; *cmd != '\0' && n + 1 < size; cmd++) {
		if (*cmd == '%')
			n += (size_t)snprintf(to + n, size - n, "%s", dir);
		else
			to[n++] = *cmd;
	}
	to[n] = '\0';
}

/* One line of the script on one side: us, or -1. */
static double
step(struct child *ch, const char *cmd, const char *dir)
{
	char line[512], answer[64];
	double us;

	expand(line, sizeof(line), cmd, dir);
	us = child_ask(ch, line, answer, sizeof(answer)) ? atof(answer) : -1;
	if (us < 0)
		fprintf(stderr, "bench: failed: %s\n", line);
	return us;
}

static struct tree_step *
find_step(struct tree_step *steps, const char *row)
{
	int i;

	for (i = 0; i < TREE_STEPS - 1; i++)
		if (steps[i].ts_row == NULL ||
		    strcmp(steps[i].ts_row, row) == 0)
			break;
	steps[i].ts_row = row;
	return &steps[i];
}

struct sides {
	struct child host;
	struct child rump;
	char hostdir[64];
};

static void
sides_start(struct sides *sd)
{
	snprintf(sd->hostdir, sizeof(sd->hostdir), "/dev/shm/bench.%d",
	    (int)getpid());
	child_start(&sd->host, PLAIN, "timeit", NULL, NULL);
	child_start(&sd->rump, SHIM, "timeit", NULL, NULL);
}

static bool
sides_end(struct sides *sd)
{
	rmdir(sd->hostdir);
	return child_end(&sd->host) == 0 && child_end(&sd->rump) == 0;
}

/* One round; adds the times to steps. */
static bool
one_round(struct sides *sd, const struct line *l, struct tree_step *steps)
{
	struct tree_step *ts;
	double h, r;

	for (; l->cmd != NULL; l++) {
		h = step(&sd->host, l->cmd, sd->hostdir);
		r = step(&sd->rump, l->cmd, "/rump/bench");
		if (h < 0 || r < 0)
			return false;
		if (l->row == NULL)
			continue;
		ts = find_step(steps, l->row);
		ts->ts_host += h / 1000;
		ts->ts_rump += r / 1000;
	}
	return true;
}

static bool
all_rounds(struct tree_step rounds[ROUNDS][TREE_STEPS])
{
	struct sides sd;
	bool ok = true;
	int i;

	sides_start(&sd);
	for (i = 0; i < ROUNDS && ok; i++)
		ok = one_round(&sd, script, rounds[i]);
	ok = sides_end(&sd) && ok;
	for (i = 0; i < ROUNDS && ok; i++) {
		sides_start(&sd);
		ok = one_round(&sd, script_new, rounds[i]);
		ok = sides_end(&sd) && ok;
	}
	return ok;
}

bool
tree_measure(struct tree_step *steps)
{
	struct tree_step rounds[ROUNDS][TREE_STEPS] = { 0 };
	double h[ROUNDS], r[ROUNDS];
	int i, s;

	if (!all_rounds(rounds))
		return false;
	for (s = 0; s < TREE_STEPS; s++) {
		for (i = 0; i < ROUNDS; i++) {
			h[i] = rounds[i][s].ts_host;
			r[i] = rounds[i][s].ts_rump;
		}
		steps[s].ts_row = rounds[0][s].ts_row;
		steps[s].ts_host = median(h, ROUNDS);
		steps[s].ts_rump = median(r, ROUNDS);
	}
	return true;
}
