/* SPDX-License-Identifier: BSD-2-Clause */
/* polltime: see polltime.h. */
#include "rumpvfs/polltime.h"

#include "rumpkern/copy.h"

#define NSEC     1000000000L
#define MOST_SEC (1L << 32) /* longer is for ever */

uint64_t
polltime_ms(int ms)
{
	if (ms <= 0)
		return ms == 0 ? 0 : KSLEEP_FOREVER;
	return rumpuser_monotonic() + ms * 1000000UL;
}

int
polltime_from(const struct rumpuser_timespec *ts, uint64_t *until)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NSEC)
		return EINVAL;
	if (ts->tv_sec == 0 && ts->tv_nsec == 0)
		*until = 0;
	else if (ts->tv_sec > MOST_SEC)
		*until = KSLEEP_FOREVER;
	else
		*until = rumpuser_monotonic() + ts->tv_sec * NSEC + ts->tv_nsec;
	return 0;
}

int
polltime_in(const void *uts, uint64_t *until)
{
	struct rumpuser_timespec ts;

	*until = KSLEEP_FOREVER;
	if (uts == NULL)
		return 0;
	if (copyin(uts, &ts, sizeof(ts)) != 0)
		return EFAULT;
	return polltime_from(&ts, until);
}

void
polltime_left(uint64_t until, struct rumpuser_timespec *ts)
{
	uint64_t now = rumpuser_monotonic();
	uint64_t ns = now >= until ? 0 : until - now;

	ts->tv_sec = ns / NSEC;
	ts->tv_nsec = ns % NSEC;
}

int
polltime_mask(const void *umask, size_t size, uint64_t *mask)
{
	if (umask == NULL)
		return 0;
	if (size != sizeof(*mask))
		return EINVAL;
	return copyin(umask, mask, sizeof(*mask));
}
