/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * copyin, copyout and uio: the program's memory.
 */
#include <limits.h>

#include "rumpkern/copy.h"
#include "rumpkern/cpu.h"

/*
 * Addresses below and from here up are never a program's.  Of the lower ones
 * NULL is common (utimensat's path), and a fault is dear.
 */
#define USER_BEGIN 0x1000UL
#define USER_END   0x7ffffffff000UL
#define RW_MAX     0x7ffff000UL /* Linux's MAX_RW_COUNT */

static inline bool
user_range(const void *u, size_t len)
{

	return (uintptr_t)u < USER_END && len <= USER_END - (uintptr_t)u;
}

size_t
copyin_some(const void *u, void *k, size_t len)
{

	return likely(user_range(u, len)) ? kcopy(k, u, len) : len;
}

size_t
copyout_some(const void *k, void *u, size_t len)
{

	return likely(user_range(u, len)) ? kcopy(u, k, len) : len;
}

size_t
zeroout_some(void *u, size_t len)
{

	return likely(user_range(u, len)) ? kzero(u, len) : len;
}

int
copyin(const void *u, void *k, size_t len)
{

	return copyin_some(u, k, len) == 0 ? 0 : EFAULT;
}

int
copyout(const void *k, void *u, size_t len)
{

	return copyout_some(k, u, len) == 0 ? 0 : EFAULT;
}

int
copyinstr(const void *u, char *k, size_t max, size_t *done)
{
	long n;

	if ((uintptr_t)u - USER_BEGIN >= USER_END - USER_BEGIN)
		return EFAULT;
	n = kcopystr(k, u, max);
	if (n <= 0)
		return n == 0 ? ENAMETOOLONG : EFAULT;
	*done = n;
	return 0;
}

void
uio_init(struct uio *uio, struct kiovec *iov, void *base, size_t len,
    bool write)
{

	iov->iov_base = base;
	iov->iov_len = len;
	*uio = (struct uio){
		.uio_iov = iov,
		.uio_iovcnt = 1,
		.uio_resid = len,
		.uio_write = write,
	};
}

int
uio_import(struct uio *uio, const void *uiov, long cnt, bool write)
{
	struct kiovec *iov = (void *)curcpu()->c_iov;
	size_t total = 0;
	long i;

	if (cnt < 0 || cnt > 1024)
		return EINVAL;
	if (copyin(uiov, iov, cnt * sizeof(*iov)) != 0)
		return EFAULT;
	for (i = 0; i < cnt; i++)
		if ((long)iov[i].iov_len < 0)
			return EINVAL;
	for (i = 0; i < cnt; i++) {
		if (!user_range(iov[i].iov_base, iov[i].iov_len))
			return EFAULT;
		iov[i].iov_len = kmin(iov[i].iov_len, RW_MAX - total);
		total += iov[i].iov_len;
	}
	*uio = (struct uio){
		.uio_iov = iov,
		.uio_iovcnt = cnt,
		.uio_resid = total,
		.uio_write = write,
	};
	return 0;
}

void
uio_skip(size_t n, struct uio *uio)
{

	uio->uio_resid -= n;
	uio->uio_iovoff += n;
	while (uio->uio_iovcnt > 0 &&
	    uio->uio_iovoff >= uio->uio_iov->iov_len) {
		uio->uio_iovoff -= uio->uio_iov->iov_len;
		uio->uio_iov++;
		uio->uio_iovcnt--;
	}
}

/* Move (or zero, k NULL) up to n bytes, one vector element at a time. */
static int
uio_run(void *kaddr, size_t n, struct uio *uio)
{
	char *k = kaddr, *u;
	size_t step, left;

	n = kmin(n, uio->uio_resid);
	while (n > 0) {
		u = (char *)uio->uio_iov->iov_base + uio->uio_iovoff;
		step = kmin(n, uio->uio_iov->iov_len - uio->uio_iovoff);
		if (unlikely(!uio->uio_sys && !user_range(u, step)))
			return EFAULT;
		if (k == NULL)
			left = kzero(u, step);
		else if (uio->uio_write)
			left = kcopy(k, u, step);
		else
			left = kcopy(u, k, step);
		step -= left;
		uio_skip(step, uio);
		if (unlikely(left != 0))
			return EFAULT;
		n -= step;
		if (k != NULL)
			k += step;
	}
	return 0;
}

int
uio_move(void *kaddr, size_t n, struct uio *uio)
{

	return uio_run(kaddr, n, uio);
}

int
uio_zero(size_t n, struct uio *uio)
{

	KASSERT(!uio->uio_write);
	return uio_run(NULL, n, uio);
}
