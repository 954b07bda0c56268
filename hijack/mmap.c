/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmap of a rump file maps the arena's own pages, so that a shared mapping is
 * one memory with what read and write see, in every process.
 *
 * The range is reserved first; then each run of pages that lie together in
 * the arena is mapped over it from the arena's descriptor.  What has no page
 * (a private mapping's holes) stays anonymous zeroes.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "hijack/hijack.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpvfs/mapping.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/vnode.h"

#define BATCH	256		/* pages asked for at once; c_bounce */

static int
check(const struct file *f, unsigned long prot, unsigned long flags)
{
	const struct vnode *vp = f->f_vnode;

	if (f->f_type == FTYPE_PATH)
		return EBADF;
	if (!(f->f_mode & FMODE_READ))
		return EACCES;
	if ((flags & MAP_TYPE) != MAP_PRIVATE && (prot & PROT_WRITE) &&
	    !(f->f_mode & FMODE_WRITE))
		return EACCES;
	if (f->f_type != FTYPE_VNODE || vp->v_type != VREG)
		return ENODEV;
	return 0;
}

static bool
failed(long ret)
{

	return ret < 0 && ret > -4096;
}

/* Map pages [index, index+n) of the file at addr. */
static long
map_batch(struct vnode *vp, uint64_t index, size_t n, char *addr,
    unsigned long prot, unsigned long flags)
{
	uint64_t *page = (uint64_t *)curcpu()->c_bounce;
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	size_t i, run;
	long ret;
	int error;

	error = vnode_map_pages(vp, index, n, shared, page);
	if (error != 0)
		return -ENOMEM;
	for (i = 0; i < n; i += run) {
		run = 1;
		if (page[i] == 0)
			continue;
		while (i + run < n && page[i + run] ==
		    page[i] + run * KPAGE_SIZE)
			run++;
		ret = hj_host(__NR_mmap, addr + i * KPAGE_SIZE,
		    run * KPAGE_SIZE, prot, (flags & (MAP_TYPE |
		    MAP_POPULATE | MAP_LOCKED)) | MAP_FIXED,
		    rumpuser_process.ru_arenafd, page[i] - ARENA_BASE);
		if (failed(ret))
			return ret;
	}
	return 0;
}

static long
map_file(struct vnode *vp, char *addr, size_t len, unsigned long prot,
    unsigned long flags, uint64_t off)
{
	uint64_t index = off >> KPAGE_SHIFT;
	size_t n = roundup2(len, KPAGE_SIZE) >> KPAGE_SHIFT, step, done;
	unsigned long rflags;
	char *base;
	long ret;

	rflags = (flags & ~(unsigned long)(MAP_TYPE | MAP_POPULATE |
	    MAP_LOCKED)) | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	ret = hj_host(__NR_mmap, addr, len,
	    (flags & MAP_TYPE) == MAP_PRIVATE ? prot : PROT_NONE, rflags,
	    -1, 0);
	if (failed(ret))
		return ret;
	base = (char *)ret;
	for (done = 0; done < n; done += step) {
		step = kmin(n - done, (size_t)BATCH);
		ret = map_batch(vp, index + done, step,
		    base + done * KPAGE_SIZE, prot, flags);
		if (ret < 0) {
			hj_host(__NR_munmap, base, len);
			return ret;
		}
	}
	return (long)base;
}

long
hj_sys_mmap(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	unsigned long prot = a[2], flags = a[3];
	struct host *h = host_byindex(curcpu()->c_host);
	struct lwp *l = curlwp();
	struct vnode *vp;
	struct file *f;
	long ret;
	int error;

	if (hj_fd_ours(a[4]))
		return -EBADF;
	if (a[1] == 0 || (a[5] & KPAGE_MASK))
		return -EINVAL;
	if ((uint64_t)a[5] > INT64_MAX || 
	    (uint64_t)a[1] > (uint64_t)INT64_MAX - a[5])
		return -EOVERFLOW;
	f = fd_getfile(l, a[4], 0);
	if (f == NULL)
		return -EBADF;
	error = check(f, prot, flags);
	if (error != 0) {
		fd_done(l, f, 0);
		return -error;
	}
	vp = f->f_vnode;
	vnode_map_hold(vp);
	fd_done(l, f, 0);
	ret = map_file(vp, (char *)a[0], a[1], prot, flags, a[5]);
	if (failed(ret)) {
		khand_release(vp);
		return ret;
	}
	/* What was mapped there before is gone. */
	if (flags & MAP_FIXED)
		mapping_remove(h, ret, roundup2((uint64_t)a[1], KPAGE_SIZE));
	error = mapping_add(h, vp, ret, roundup2((uint64_t)a[1],
	    KPAGE_SIZE));
	if (error != 0) {
		hj_host(__NR_munmap, ret, a[1]);
		khand_release(vp);
		return -error;
	}
	return ret;
}

/* After the host has unmapped: the records inside go. */
long
hj_sys_munmap(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	long ret = hj_host(__NR_munmap, a[0], a[1]);

	if (ret == 0)
		mapping_remove(host_byindex(curcpu()->c_host), a[0],
		    roundup2((uint64_t)a[1], KPAGE_SIZE));
	return ret;
}
