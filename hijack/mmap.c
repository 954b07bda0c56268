/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmap of a rump file maps the arena's own pages, so that a shared mapping is
 * one memory with what read and write see, in every process.
 *
 * The range is first mapped from beyond the end of the arena, where every
 * access is the host's SIGBUS, as it is beyond the end of a file.  Then each
 * run of pages that lie together in the arena is mapped over it; holes have got
 * pages, which stay holes until they are touched (rumpvfs/tmpfs_idle.c).  What
 * remains is looked at again when it is touched (hj_mmap_fault()), or when a
 * call of the host is about to (hj_mmap_ready()): the file may have grown, or it
 * is so large that its holes got no pages yet.  Such holes of a private mapping
 * are zeroes.
 *
 * A process that cuts off a file's pages takes them out of its own mappings
 * (hj_mmap_cut()).  In those of others they are zeroes from then on, and are the
 * file's again when it grows.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "hijack/hijack.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/mapping.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/vnode.h"

#define ADDRESSES   (1UL << 47)
#define BATCH       256 /* pages asked for at once; c_bounce */
#define EAGER_SHARE 8   /* holes that take no more of what is free are filled */
#define AROUND      16  /* pages mapped at a fault */
#define MOST        (1UL << 31) /* bytes that a call moves */
#define IN_VAIN     100 /* faults at one page, and then it cannot be had */

/* The page of the last fault that was mended, and how often that was. */
static __thread uint64_t last_fault __attribute__((tls_model("initial-exec")));
static __thread uint32_t nfaults __attribute__((tls_model("initial-exec")));

static struct host *
our_host(void)
{

	return host_byindex(curcpu()->c_host);
}

static bool
failed(long ret)
{

	return ret < 0 && ret > -4096;
}

static size_t
round_page(size_t len)
{

	return roundup2(len, KPAGE_SIZE);
}

static int
check(const struct file *f, unsigned long prot, unsigned long flags)
{
	const struct vnode *vp = f->f_vnode;

	if (!(f->f_mode & FMODE_READ))
		return EACCES;
	if ((flags & MAP_TYPE) != MAP_PRIVATE && (prot & PROT_WRITE) &&
	    !(f->f_mode & FMODE_WRITE))
		return EACCES;
	if ((flags & MAP_TYPE) != MAP_PRIVATE && (f->f_mode & FMODE_WRITE) &&
	    vp != NULL && fileattr_appendonly(vp))
		return EACCES;
	if (f->f_type != FTYPE_VNODE || vp->v_type != VREG)
		return ENODEV;
	return 0;
}

/* Map n pages from the arena, or zeroes. */
static long
map_run(char *addr, size_t n, uint64_t page, unsigned long prot,
    unsigned long flags)
{
	unsigned long fl = (flags & (MAP_TYPE | MAP_POPULATE | MAP_LOCKED)) |
	    MAP_FIXED;

	if (page == 0)
		return hj_host(__NR_mmap, addr, n * KPAGE_SIZE, prot,
		    fl | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return hj_host(__NR_mmap, addr, n * KPAGE_SIZE, prot, fl,
	    rumpuser_process.ru_arenafd, page - ARENA_BASE);
}

/* How many of the n pages from index on does the file reach? */
static size_t
within(const struct vnode *vp, uint64_t index, size_t n)
{
	uint64_t size = *(const volatile uint64_t *)&vp->v_size;
	uint64_t end = (size + KPAGE_MASK) >> KPAGE_SHIFT;

	return index >= end ? 0 : kmin((uint64_t)n, end - index);
}

/* Map [addr, addr+len), a range without pages: every access is SIGBUS. */
static long
map_nothing(char *addr, size_t len, unsigned long prot, unsigned long flags)
{

	return hj_host(__NR_mmap, addr, len, prot,
	    flags & ~(unsigned long)(MAP_POPULATE | MAP_LOCKED),
	    rumpuser_process.ru_arenafd, round_page(ARENA->a_map.am_size));
}

/* From now on pages may be missing in a shared mapping. */
static void
set_lazy(void)
{

	if (hj.hp_lazymaps)
		return;
	hj_lazy_start();
	hj.hp_lazymaps = true;
	*rumpuser_process.ru_mine = HJ_LAZYMAPS;
}

void
hj_mmap_forked(void)
{

	if (hj.hp_lazymaps)
		*rumpuser_process.ru_mine = HJ_LAZYMAPS;
}

/*
 * Map pages [index, index+n) of the file at addr, as far as there are any;
 * alloc: holes get pages.
 */
static long
map_batch(struct vnode *vp, uint64_t index, size_t n, char *addr,
    unsigned long prot, unsigned long flags, bool alloc)
{
	uint64_t *page = (uint64_t *)curcpu()->c_bounce;
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	size_t i, run;
	long ret;

	n = within(vp, index, n);
	if (vnode_map_pages(vp, index, n, alloc, page) != 0 &&
	    vnode_map_pages(vp, index, n, false, page) != 0)
		return -ENOMEM;
	for (i = 0; i < n; i += run) {
		run = 1;
		while (i + run < n &&
		    page[i + run] ==
			(page[i] == 0 ? 0 : page[i] + run * KPAGE_SIZE))
			run++;
		if (page[i] == 0 && shared) {
			set_lazy();
			continue;
		}
		ret = map_run(addr + i * KPAGE_SIZE, run, page[i], prot, flags);
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
	size_t n = round_page(len) >> KPAGE_SHIFT, step, done;
	bool eager = n <= vfs_room() / EAGER_SHARE;
	char *base;
	long ret;

	ret = map_nothing(addr, len, prot, flags);
	if (failed(ret))
		return ret;
	if ((flags & MAP_TYPE) != MAP_PRIVATE && within(vp, index, n) < n)
		set_lazy();
	base = (char *)ret;
	for (done = 0; done < within(vp, index, n); done += step) {
		step = kmin(n - done, (size_t)BATCH);
		ret = map_batch(vp, index + done, step,
		    base + done * KPAGE_SIZE, prot, flags, eager);
		if (ret < 0) {
			hj_host(__NR_munmap, base, len);
			return ret;
		}
	}
	return (long)base;
}

/*
 * Map what m says (mp_addr: a wish), and record it.  The vnode is in hand and
 * leaves it.
 */
static long
map_record(struct mapping *m, unsigned long flags)
{
	struct host *h = our_host();
	long ret;

	last_fault = 0;
	ret = map_file(m->mp_vnode, (char *)m->mp_addr, m->mp_len, m->mp_prot,
	    flags, m->mp_off);
	if (failed(ret)) {
		khand_release(m->mp_vnode);
		return ret;
	}
	/* What was mapped there before is gone. */
	if (flags & MAP_FIXED)
		mapping_remove(h, ret, m->mp_len);
	m->mp_addr = ret;
	if (mapping_add(h, m) != 0) {
		hj_host(__NR_munmap, ret, m->mp_len);
		khand_release(m->mp_vnode);
		return -ENOMEM;
	}
	return ret;
}

static long
map_host(const long *a)
{
	long ret = hj_host(__NR_mmap, a[0], a[1], a[2], a[3], a[4], a[5]);

	if (!failed(ret) && (a[3] & MAP_FIXED))
		mapping_remove(our_host(), ret, round_page(a[1]));
	return ret;
}

long
hj_sys_mmap(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	unsigned long prot = a[2], flags = a[3];
	struct lwp *l = curlwp();
	struct mapping m = { .mp_addr = a[0],
		.mp_off = a[5],
		.mp_prot = prot,
		.mp_shared = (flags & MAP_TYPE) != MAP_PRIVATE };
	struct file *f;
	int error;

	if ((flags & MAP_ANONYMOUS) ||
	    (!hj_fd_isrump(a[4]) && !hj_fd_ours(a[4])))
		return map_host(a);
	if (hj_fd_ours(a[4]))
		return -EBADF;
	if (a[1] == 0 || (a[5] & KPAGE_MASK))
		return -EINVAL;
	f = fd_getfile(l, a[4], 0);
	if (f == NULL)
		return -EBADF;
	error = 0;
	if (f->f_type == FTYPE_PATH)
		error = EBADF;
	else if ((uint64_t)a[1] > ADDRESSES)
		error = ENOMEM;
	else if (f->f_type == FTYPE_VNODE && f->f_vnode->v_type == VREG ?
		a[5] < 0 || a[1] > INT64_MAX - a[5] :
		(uint64_t)a[5] > UINT64_MAX - round_page(a[1]))
		error = EOVERFLOW;
	if (error == 0)
		error = check(f, prot, flags);
	if (error != 0) {
		fd_done(l, f, 0);
		return -error;
	}
	m.mp_len = round_page(a[1]);
	m.mp_vnode = f->f_vnode;
	m.mp_maywrite = !m.mp_shared || (f->f_mode & FMODE_WRITE);
	vnode_map_hold(m.mp_vnode);
	if (!(f->f_flags & O_NOATIME))
		vnode_accessed(m.mp_vnode);
	fd_done(l, f, 0);
	return map_record(&m, flags);
}

long
hj_sys_munmap(struct hj_frame *hf)
{
	uint64_t addr = hf->hf_args[0], len = hf->hf_args[1];

	/* First the records: the range may be somebody's anew at once. */
	if ((addr & KPAGE_MASK) == 0 && len != 0 && addr + len > addr)
		mapping_remove(our_host(), addr, round_page(len));
	return hj_host(__NR_munmap, addr, len);
}

long
hj_sys_mprotect(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	uint64_t addr = a[0], end = addr + round_page(a[1]), at = addr;
	struct host *h = our_host();
	struct mapping m;
	long ret;

	while ((a[2] & PROT_WRITE) && at < end &&
	    mapping_find(h, at, end, &m)) {
		if (!m.mp_maywrite)
			return -EACCES;
		at = m.mp_addr + m.mp_len;
	}
	ret = hj_host(__NR_mprotect, a[0], a[1], a[2]);
	if (ret == 0)
		mapping_protect(h, addr, end - addr, a[2]);
	return ret;
}

/* --- mremap --------------------------------------------------------------- */

/* Elsewhere, or longer where it is: a new mapping, and the old one goes. */
static long
remap(struct mapping *m, uint64_t old, uint64_t oldlen, long flags,
    uint64_t newaddr)
{
	unsigned long mapflags = m->mp_shared ? MAP_SHARED : MAP_PRIVATE;
	uint64_t newlen = m->mp_len;
	unsigned prot = m->mp_prot;
	long ret;

	m->mp_addr = 0;
	if (flags & MREMAP_FIXED) {
		m->mp_addr = newaddr;
		mapflags |= MAP_FIXED;
	}
	/* A private mapping has contents of its own to be moved. */
	if (!m->mp_shared)
		m->mp_prot |= PROT_READ | PROT_WRITE;
	vnode_map_hold(m->mp_vnode);
	ret = map_record(m, mapflags);
	if (failed(ret))
		return ret;
	if (!m->mp_shared) {
		hj_host(__NR_mprotect, old, oldlen, PROT_READ);
		kcopy((void *)ret, (void *)old, kmin(oldlen, newlen));
		hj_host(__NR_mprotect, ret, newlen, prot);
		mapping_protect(our_host(), ret, newlen, prot);
	}
	if (oldlen != 0 && !(flags & MREMAP_DONTUNMAP)) {
		mapping_remove(our_host(), old, oldlen);
		hj_host(__NR_munmap, old, oldlen);
	}
	return ret;
}

/* Longer without moving, if there is room behind. */
static long
extend(struct mapping *m, uint64_t old, uint64_t oldlen, uint64_t newlen)
{
	unsigned long flags = (m->mp_shared ? MAP_SHARED : MAP_PRIVATE) |
	    MAP_FIXED_NOREPLACE;
	long ret;

	m->mp_addr = old + oldlen;
	m->mp_off += oldlen;
	m->mp_len = newlen - oldlen;
	vnode_map_hold(m->mp_vnode);
	ret = map_record(m, flags);
	if (failed(ret))
		return -ENOMEM;
	return old;
}

long
hj_sys_mremap(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	uint64_t old = a[0], oldlen = round_page(a[1]);
	uint64_t newlen = round_page(a[2]);
	struct host *h = our_host();
	struct mapping m, upper;
	long ret;

	if (!mapping_find(h, old, old + kmax(oldlen, 1UL), &m)) {
		ret = hj_host(__NR_mremap, a[0], a[1], a[2], a[3], a[4]);
		if (!failed(ret) && (a[3] & MREMAP_FIXED))
			mapping_remove(h, ret, newlen);
		return ret;
	}
	if ((old & KPAGE_MASK) || newlen == 0 ||
	    (a[3] & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) ||
	    ((a[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
		!(a[3] & MREMAP_MAYMOVE)) ||
	    ((a[3] & MREMAP_FIXED) &&
		(((uint64_t)a[4] & KPAGE_MASK) ||
		    ((uint64_t)a[4] < old + oldlen &&
			(uint64_t)a[4] + newlen > old))) ||
	    (oldlen == 0 && !m.mp_shared))
		return -EINVAL;
	if (m.mp_addr > old || m.mp_addr + m.mp_len < old + oldlen)
		return -EFAULT;
	if (!(a[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && oldlen != 0) {
		if (newlen < oldlen) {
			mapping_remove(h, old + newlen, oldlen - newlen);
			hj_host(__NR_munmap, old + newlen, oldlen - newlen);
		}
		if (newlen <= oldlen)
			return old;
		m.mp_off += old - m.mp_addr;
		upper = m;
		ret = m.mp_addr + m.mp_len != old + oldlen ?
		    -ENOMEM :
		    extend(&upper, old, oldlen, newlen);
		if (!failed(ret) || !(a[3] & MREMAP_MAYMOVE))
			return ret;
	} else {
		m.mp_off += old - m.mp_addr;
	}
	m.mp_len = newlen;
	return remap(&m, old, oldlen, a[3], a[4]);
}

/* --- Faults --------------------------------------------------------------- */

/*
 * The page at addr is missing: map it, and some behind it.  Not in a private
 * mapping: those may be there, with contents of their own.  Returns how many.
 */
static size_t
mend(uint64_t addr)
{
	struct host *h = our_host();
	const struct mapping *m;
	uint64_t index;
	bool done = false;
	size_t n = 1;

	/* Nobody is to unmap it and have it anew meanwhile. */
	kmutex_enter(&h->h_maplock);
	m = mapping_at(h, addr);
	if (m != NULL) {
		index = (m->mp_off + addr - m->mp_addr) >> KPAGE_SHIFT;
		if (m->mp_shared && vfs_room() > AROUND * EAGER_SHARE)
			n = kmin((size_t)AROUND,
			    (m->mp_addr + m->mp_len - addr) >> KPAGE_SHIFT);
		done = within(m->mp_vnode, index, 1) != 0 &&
		    map_batch(m->mp_vnode, index, n, (char *)addr, m->mp_prot,
			m->mp_shared ? MAP_SHARED : MAP_PRIVATE, true) == 0;
	}
	kmutex_exit(&h->h_maplock);
	return done ? n : 0;
}

bool
hj_mmap_fault(void *where)
{
	uint64_t addr = (uint64_t)where & ~KPAGE_MASK;
	bool done;

	/* In the kernel it is EFAULT: locks are held. */
	if (hj_thread.ht_busy != 0)
		return false;
	/* This may be the first that the kernel hears of the thread. */
	if (curcpu() == NULL &&
	    (host_byindex(rumpuser_process.ru_host)->h_maps == NULL ||
		hj_thread_attach() != 0))
		return false;
	if (our_host()->h_maps == NULL)
		return false;
	/* Mapped, and again: somebody cuts it off, or the host has no memory. */
	nfaults = addr == last_fault ? nfaults + 1 : 0;
	last_fault = addr;
	if (nfaults >= IN_VAIN) {
		nfaults = 0;
		return false;
	}
	hj_enter();
	done = mend(addr) > 0;
	hj_leave();
	return done;
}

void
hj_mmap_cut(void)
{
	struct host *h = our_host();
	const struct mapping *m;
	uint64_t there;

	kmutex_enter(&h->h_maplock);
	for (m = h->h_maps; m != NULL; m = m->mp_next) {
		there = within(m->mp_vnode, m->mp_off >> KPAGE_SHIFT,
		    m->mp_len >> KPAGE_SHIFT);
		there <<= KPAGE_SHIFT;
		if (there == m->mp_len)
			continue;
		if (m->mp_shared)
			set_lazy();
		map_nothing((char *)m->mp_addr + there, m->mp_len - there,
		    m->mp_prot,
		    MAP_FIXED | MAP_NORESERVE |
			(m->mp_shared ? MAP_SHARED : MAP_PRIVATE));
	}
	kmutex_exit(&h->h_maplock);
	last_fault = 0;
}

/* Does the host have a page there?  If not it may be missing. */
static bool
is_there(uint64_t addr)
{
	uint8_t there = 0;

	return hj_host(__NR_mincore, addr, KPAGE_SIZE, &there) == 0 &&
	    (there & 1);
}

/* A call is about to touch this.  Pages that it does not touch stay idle. */
static void
ready(uint64_t addr, uint64_t len)
{
	uint64_t end = addr + kmin(len, MOST), at;
	struct mapping m;
	size_t n;

	while (addr < end && mapping_find(our_host(), addr, end, &m)) {
		at = kmax(addr & ~KPAGE_MASK, m.mp_addr);
		addr = kmin(end, m.mp_addr + m.mp_len);
		for (n = 1; m.mp_shared && at < addr && n > 0;
		     at += n * KPAGE_SIZE)
			n = is_there(at) ? 1 : mend(at);
	}
}

static void
ready_vector(const struct iovec *uiov, size_t n)
{
	struct iovec iov;

	ready((uint64_t)uiov, n * sizeof(iov));
	for (; n > 0 && copyin(uiov, &iov, sizeof(iov)) == 0; n--, uiov++)
		ready((uint64_t)iov.iov_base, iov.iov_len);
}

void
hj_mmap_ready(const struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	struct msghdr msg;
	int i;

	/* Whatever is handed over, it is two pages at most; but for: */
	for (i = 0; i < 6; i++)
		ready(a[i], KPAGE_SIZE);
	switch (hf->hf_nr) {
	case __NR_read:
	case __NR_write:
	case __NR_pread64:
	case __NR_pwrite64:
	case __NR_sendto:
	case __NR_recvfrom:
	case __NR_getdents64:
		ready(a[1], a[2]);
		break;
	case __NR_getrandom:
		ready(a[0], a[1]);
		break;
	case __NR_io_getevents:
	case __NR_io_pgetevents:
		ready(a[3], kmin((size_t)a[2], MOST / 32) * 32);
		break;
	case __NR_readv:
	case __NR_writev:
	case __NR_preadv:
	case __NR_pwritev:
	case __NR_preadv2:
	case __NR_pwritev2:
	case __NR_vmsplice:
	case __NR_process_vm_readv:
	case __NR_process_vm_writev:
		ready_vector((const struct iovec *)a[1],
		    kmin((size_t)a[2], 1024UL));
		break;
	case __NR_sendmsg:
	case __NR_recvmsg:
		if (copyin((void *)a[1], &msg, sizeof(msg)) == 0)
			ready_vector(msg.msg_iov, kmin(msg.msg_iovlen, 1024UL));
		break;
	}
}
