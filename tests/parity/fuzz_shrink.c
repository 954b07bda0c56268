/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a list of calls that shows a mismatch as short as it can. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz.h"

#define SHRINK_SECONDS 120

static time_t deadline;

/* Take n calls out at a time; returns the new length. */
static long
drop_chunks(struct op *list, long len, long n,
    int (*run)(const struct op *, long, bool))
{
	struct op *trial = malloc((size_t)len * sizeof(*trial));
	long at, keep;

	/* From the end: later calls depend on earlier ones. */
	for (at = len - n; at > -n && time(NULL) < deadline; at -= n) {
		long from = at < 0 ? 0 : at, till = at + n;

		if (till > len)
			till = len;
		keep = len - (till - from);
		if (keep == 0)
			continue;
		memcpy(trial, list, (size_t)from * sizeof(*trial));
		memcpy(trial + from, list + till,
		    (size_t)(len - till) * sizeof(*trial));
		if (run(trial, keep, true) == 0)
			continue;
		memcpy(list, trial, (size_t)keep * sizeof(*list));
		len = keep;
	}
	free(trial);
	return len;
}

/* Make the calls that are left plainer, in each way there is. */
static void
simplify(struct op *list, long len, int (*run)(const struct op *, long, bool))
{
	for (long i = 0; i < len && time(NULL) < deadline; i++)
		for (int way = 0;; way++) {
			struct op was = list[i];

			if (!op_simpler(&list[i], way))
				break;
			if (memcmp(&was, &list[i], sizeof(was)) != 0 &&
			    run(list, len, true) == 0)
				list[i] = was;
		}
}

long
shrink(struct op *list, long len, int (*run)(const struct op *, long, bool))
{
	long n, before;

	deadline = time(NULL) + SHRINK_SECONDS;
	do {
		before = len;
		for (n = len / 2; n > 0; n /= 2)
			len = drop_chunks(list, len, n, run);
		simplify(list, len, run);
	} while (len < before && time(NULL) < deadline);
	return len;
}
