/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dev: what devices do; see dev.h.
 */
#include <linux/random.h>
#include <poll.h>

#include "rumpvfs/dev.h"
#include "rumpvfs/vfs_boot.h"
#include "rumpvfs/vnode.h"

#include "lwproc/file.h"
#include "rumpkern/copy.h"
#include "rumpkern/cpu.h"

#define ENTROPY_BITS 256 /* what Linux says once it has been seeded */

static inline bool
is_random(const struct vnode *vp)
{
	return vp->v_rdev == DEV_RANDOM || vp->v_rdev == DEV_URANDOM;
}

static int
random_read(struct uio *uio)
{
	char *buf = curcpu()->c_bounce;
	size_t n;
	int error = 0;

	while (uio->uio_resid != 0 && error == 0) {
		n = kmin(uio->uio_resid, sizeof(curcpu()->c_bounce));
		rumpuser_random(buf, n);
		error = uio_move(buf, n, uio);
	}
	return error;
}

/* The host's pool does not need what a program offers. */
static int
random_write(struct uio *uio)
{
	char *buf = curcpu()->c_bounce;
	int error = 0;

	while (uio->uio_resid != 0 && error == 0)
		error = uio_move(buf, sizeof(curcpu()->c_bounce), uio);
	return error;
}

static int
dev_read(struct file *f, struct uio *uio)
{
	const struct vnode *vp = f->f_vnode;

	switch (vp->v_rdev) {
	case DEV_NULL:
		return 0;
	case DEV_ZERO:
	case DEV_FULL:
		return uio_zero(uio->uio_resid, uio);
	case DEV_RANDOM:
	case DEV_URANDOM:
		return random_read(uio);
	}
	return ENXIO;
}

static int
dev_write(struct file *f, struct uio *uio)
{
	const struct vnode *vp = f->f_vnode;

	switch (vp->v_rdev) {
	case DEV_NULL:
	case DEV_ZERO:
		uio->uio_resid = 0;
		return 0;
	case DEV_FULL:
		return ENOSPC;
	case DEV_RANDOM:
	case DEV_URANDOM:
		return random_write(uio);
	}
	return ENXIO;
}

static int
dev_ioctl(struct file *f, unsigned long cmd, void *uarg, long *ret)
{
	int bits = ENTROPY_BITS;

	(void)ret;
	if (!is_random(f->f_vnode))
		return ENOTTY;
	if (cmd == RNDGETENTCNT)
		return copyout(&bits, uarg, sizeof(bits));
	return EINVAL;
}

static int
dev_poll(struct file *f, int events, struct waitent *ent)
{
	(void)ent;
	if (f->f_vnode->v_rdev == DEV_RANDOM)
		return events & (POLLIN | POLLRDNORM);
	return events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}

const struct fileops dev_fileops = {
	.fo_read = dev_read,
	.fo_write = dev_write,
	.fo_ioctl = dev_ioctl,
	.fo_poll = dev_poll,
};

bool
dev_splices(const struct vnode *vp, bool write)
{
	switch (vp->v_rdev) {
	case DEV_NULL:
		return write;
	case DEV_FULL:
		return !write;
	case DEV_ZERO:
	case DEV_RANDOM:
	case DEV_URANDOM:
		return true;
	}
	return false;
}
