/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process dies in each operation; its reaper is killed at its 1st, 2nd, 3rd
 * ... point, and whoever reaps next finds both and mends all.
 *
 * usage: reaper [NAME]	only after this operation, at many more points
 */
#include <stdio.h>
#include <string.h>

#include "lwproc/proc.h"
#include "tests/crash/crash.h"

#define POINTS 2 /* of each operation */
#define MORE   20
#define STEPS  40 /* of the reaper's points after each */

static void
reap(void)
{

	reap_all();
}

static enum death
one(const struct crashop *op, uint64_t n, uint64_t m,
    const struct counts *start)
{
	struct counts end;
	enum death how;
	bool ok;
	int bad;

	crash_populate();
	ok = crash_child(op, n) != BROKE;
	how = crash_call(reap, m);
	bad = crash_check();
	ok = ok && crash_snapshot(0) != NULL;
	crash_depopulate();
	bad += crash_check();
	crash_count(&end);
	if (!crash_same_counts(start, &end) || bad != 0)
		ok = false;
	if (!ok)
		tap_diag("%s: dead at point %lu, its reaper at %lu, "
			 "%d faults",
		    op->op_name, n, m, bad);
	return ok ? how : BROKE;
}

/* All points of the reaper of one death, or some of them, evenly. */
static bool
reaper_dies(const struct crashop *op, uint64_t n)
{
	struct counts start;
	uint64_t m, step, end = crash_reap_points(op, n, reap);

	crash_count(&start);
	step = end / STEPS + 1;
	for (m = 1 + n % step; m < end; m += step)
		if (one(op, n, m, &start) == BROKE)
			return false;
	return true;
}

int
main(int argc, char **argv)
{
	const struct crashop *op;
	uint64_t k, points, end;
	size_t i, n;
	bool ok;

	crash_boot();
	crash_populate();
	crash_snapshot(0);
	crash_depopulate();
	for (n = 0; crash_op(n) != NULL; n++)
		continue;
	tap_plan(argc < 2 ? n : 1);
	points = argc < 2 ? POINTS : MORE;
	for (i = 0; i < n; i++) {
		op = crash_op(i);
		if (argc > 1 && strcmp(op->op_name, argv[1]) != 0)
			continue;
		ok = true;
		end = crash_points(op);
		for (k = 1; k <= points && ok; k++)
			ok = reaper_dies(op, k * end / (points + 1) + 1);
		tap_ok(ok, "%s: a reaper's death loses nothing", op->op_name);
	}
	return tap_done();
}
