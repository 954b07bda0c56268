/* SPDX-License-Identifier: BSD-2-Clause */
/* pollset: see pollset.h. */
#include "rumpvfs/pollset.h"

#include "rumpkern/copy.h"

static inline size_t
set_bytes(int nfds)
{
	return (nfds + 63) / 64 * 8;
}

int
pollset_in(pollset_t set, void *const usets[3], int nfds)
{
	int i;

	memset(set, 0, sizeof(pollset_t));
	for (i = 0; i < 3; i++)
		if (usets[i] != NULL &&
		    copyin(usets[i], set[i], set_bytes(nfds)) != 0)
			return EFAULT;
	return 0;
}

int
pollset_out(pollset_t set, void *const usets[3], int nfds)
{
	int i;

	for (i = 0; i < 3; i++)
		if (usets[i] != NULL &&
		    copyout(set[i], usets[i], set_bytes(nfds)) != 0)
			return EFAULT;
	return 0;
}

static inline bool
isset(const uint64_t *set, int fd)
{
	return set[fd / 64] >> (fd % 64) & 1;
}

size_t
pollset_list(pollset_t set, int nfds, struct pollfd *pf)
{
	size_t n = 0;
	int fd, ev;

	for (fd = 0; fd < nfds; fd++) {
		ev = (isset(set[0], fd) ? POLLIN | POLLRDNORM : 0) |
		    (isset(set[1], fd) ? POLLOUT | POLLWRNORM : 0) |
		    (isset(set[2], fd) ? POLLPRI : 0);
		if (ev == 0)
			continue;
		pf[n].fd = fd;
		pf[n].events = ev;
		n++;
	}
	return n;
}

long
pollset_results(pollset_t set, const struct pollfd *pf, size_t n)
{
	static const int got[3] = {
		POLLIN | POLLRDNORM | POLLHUP | POLLERR,
		POLLOUT | POLLWRNORM | POLLERR,
		POLLPRI,
	};
	static const int want[3] = { POLLIN, POLLOUT, POLLPRI };
	const struct pollfd *end = pf + n;
	long count = 0;
	int i;

	memset(set, 0, sizeof(pollset_t));
	for (; pf < end; pf++) {
		if (pf->revents & POLLNVAL)
			return -EBADF;
		for (i = 0; i < 3; i++) {
			if ((pf->revents & got[i]) && (pf->events & want[i])) {
				set[i][pf->fd / 64] |= 1UL << (pf->fd % 64);
				count++;
			}
		}
	}
	return count;
}
