/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each operation, killed at its 1st, 2nd, 3rd ... point until it gets through.
 * After every death the kernel must be whole, what is atomic must have
 * happened or not, and with the tree removed nothing may be left over.
 *
 * usage: death [NAME]	only the operation of this name
 */
#include <stdio.h>
#include <string.h>

#include "tests/crash/crash.h"

#define WORST 3 /* bad points shown, then on to the next */

static char before[1 << 20], after[1 << 20];

static bool
outcome_ok(const struct crashop *op)
{
	const char *now;

	if (op->op_outcome == OUT_ANY)
		return crash_snapshot(0) != NULL;
	now = crash_snapshot(0);
	if (strcmp(now, before) == 0)
		return true;
	if (op->op_outcome == OUT_ATOMIC && strcmp(now, after) == 0)
		return true;
	tap_diag("neither done nor undone:");
	printf("%s", now);
	return false;
}

/* One death.  LIVED: the operation has no n-th point. */
static enum death
one(const struct crashop *op, uint64_t n, const struct counts *start)
{
	struct counts end;
	enum death how;
	bool ok = true;
	int bad;

	crash_populate();
	strcpy(before, crash_snapshot(0));
	how = crash_child(op, n);
	bad = crash_check();
	if (bad != 0) {
		tap_diag("%d faults", bad);
		ok = false;
	}
	if (n == 0)
		strcpy(after, crash_snapshot(0));
	if (how != BROKE && !outcome_ok(op))
		ok = false;
	crash_depopulate();
	bad = crash_check();
	if (bad != 0) {
		tap_diag("%d faults when all is removed", bad);
		ok = false;
	}
	crash_count(&end);
	if (!crash_same_counts(start, &end))
		ok = false;
	if (!ok)
		tap_diag("%s: dead at point %lu", op->op_name, n);
	return ok ? how : BROKE;
}

static void
test(const struct crashop *op)
{
	struct counts start, now;
	uint64_t n;
	enum death how;
	int worst = 0;

	crash_count(&start);
	how = one(op, 0, &start);
	if (how != LIVED) {
		tap_ok(false, "%s: does not even work", op->op_name);
		return;
	}
	crash_count(&start);
	for (n = 1; worst < WORST; n++) {
		how = one(op, n, &start);
		if (how == LIVED)
			break;
		if (how == BROKE) {
			worst++;
			crash_count(&start);
		}
	}
	crash_count(&now);
	if (worst == 0 && now.ct_slabs > start.ct_slabs + 32) {
		tap_diag("%lu pages of slabs have become %lu", start.ct_slabs,
		    now.ct_slabs);
		worst++;
	}
	tap_ok(worst == 0, "%s: whole after each of %lu deaths", op->op_name,
	    n - 1);
}

int
main(int argc, char **argv)
{
	const struct crashop *op;
	size_t i, n = 0;

	crash_boot();
	/* What is made at first use is no leak. */
	crash_populate();
	crash_snapshot(0);
	crash_depopulate();
	for (i = 0; (op = crash_op(i)) != NULL; i++)
		n += argc < 2 || strcmp(op->op_name, argv[1]) == 0;
	tap_plan(n);
	for (i = 0; (op = crash_op(i)) != NULL; i++)
		if (argc < 2 || strcmp(op->op_name, argv[1]) == 0)
			test(op);
	return tap_done();
}
