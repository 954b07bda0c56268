/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe_size: the memory of a pipe's ring.
 */
#include "rumpvfs/pipe_impl.h"

#include "lwproc/proc.h"
#include "rumpkern/page.h"

/* A run of pages for a ring: size is a power of two, at least a page. */
static void *
ring_alloc(uint64_t size)
{
	return page_alloc(__builtin_ctzl(size) - KPAGE_SHIFT);
}

/* Copies the content into a new ring, and uses that. */
int
pipe_resize(struct pipe *p, uint64_t size)
{
	char *ring, *old = p->pp_ring;
	uint64_t pos, n, i;

	ring = ring_alloc(size);
	if (ring == NULL)
		return ENOMEM;
	/* Bytes keep their counters: they move to where those say. */
	for (pos = p->pp_tail; pos != p->pp_head; pos += n) {
		i = pos & (p->pp_ringsize - 1);
		n = kmin(p->pp_head - pos, p->pp_ringsize - i);
		n = kmin(n, size - (pos & (size - 1)));
		memcpy(ring + (pos & (size - 1)), old + i, n);
	}
	KSET(p->pp_ring, ring);
	KSET(p->pp_ringsize, size);
	khand_drop(ring);
	if (old != NULL)
		khand_add(KHAND_PAGES, old);
	klog_commit();
	if (old != NULL)
		page_free(old);
	return 0;
}

int
pipe_grow(struct pipe *p, uint64_t n)
{
	uint64_t size = kmax(p->pp_ringsize, KPAGE_SIZE);
	uint64_t need = kmin(pipe_used(p) + n, p->pp_cap);

	while (size < need)
		size *= 2;
	if (size == p->pp_ringsize)
		return 0;
	return pipe_resize(p, size);
}

uint64_t
pipe_getsize(struct pipe *p)
{
	return p->pp_cap;
}

int
pipe_setsize(struct lwp *l, struct pipe *p, uint64_t *sizep)
{
	uint64_t size = KPAGE_SIZE;
	int error = 0;

	if (*sizep > 0x80000000UL)
		return EINVAL;
	while (size < *sizep)
		size *= 2;
	kmutex_enter(&p->pp_lock);
	if (size > p->pp_cap && size > PIPE_CAPMAX &&
	    !cred_issuper(&l->l_proc->p_cred))
		error = EPERM;
	else if (size > PIPE_RINGMAX)
		error = ENOMEM;
	else if (size < pipe_used(p) || size / PIPE_ATOMIC < p->pp_npkts)
		error = EBUSY;
	else if (size < p->pp_ringsize)
		error = pipe_resize(p, size);
	if (error == 0) {
		*(volatile uint64_t *)&p->pp_cap = *sizep = size;
		if (pipe_writable(p)) {
			kwakeup(&p->pp_wwait);
			kwakeup(&p->pp_poll);
		}
	}
	kmutex_exit(&p->pp_lock);
	return error;
}
