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
static const struct {
	const char *row;
	const char *cmd;
} script[] = {
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
};

#define LINES (sizeof(script) / sizeof(script[0]))

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

/* One round; adds the times to steps. */
static bool
one_round(struct tree_step *steps, const char *hostdir)
{
	struct tree_step *ts;
	struct child host, rump;
	bool ok = true;
	double h, r;

	child_start(&host, PLAIN, "timeit", NULL, NULL);
	child_start(&rump, SHIM, "timeit", NULL, NULL);
	for (unsigned i = 0; ok && i < LINES; i++) {
		h = step(&host, script[i].cmd, hostdir);
		r = step(&rump, script[i].cmd, "/rump/bench");
		ok = h >= 0 && r >= 0;
		if (script[i].row == NULL)
			continue;
		ts = find_step(steps, script[i].row);
		ts->ts_host += h / 1000;
		ts->ts_rump += r / 1000;
	}
	return child_end(&host) == 0 && child_end(&rump) == 0 && ok;
}

bool
tree_measure(struct tree_step *steps)
{
	struct tree_step round[ROUNDS][TREE_STEPS] = { 0 };
	double h[ROUNDS], r[ROUNDS];
	char dir[64];
	int i, s;

	snprintf(dir, sizeof(dir), "/dev/shm/bench.%d", (int)getpid());
	for (i = 0; i < ROUNDS; i++)
		if (!one_round(round[i], dir))
			break;
	rmdir(dir);
	if (i < ROUNDS)
		return false;
	for (s = 0; s < TREE_STEPS; s++) {
		for (i = 0; i < ROUNDS; i++) {
			h[i] = round[i][s].ts_host;
			r[i] = round[i][s].ts_rump;
		}
		steps[s].ts_row = round[0][s].ts_row;
		steps[s].ts_host = median(h, ROUNDS);
		steps[s].ts_rump = median(r, ROUNDS);
	}
	return true;
}
