/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfs_check: does every vnode's count of references, and every page of file
 * data, add up?  For a kernel that nobody uses meanwhile.
 *
 * v_link, which only a free vnode needs, counts the references found;
 * pg_next, which only a free page needs, notes that a page has an owner.
 */
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"
#include "rumpvfs/dir.h"
#include "rumpvfs/epoll.h"
#include "rumpvfs/pipe.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/vnode.h"
#include "rumpvfs/xattr.h"

#define OWNED 1

static struct page *
page_bynumber(uint32_t n)
{

	return page_of((void *)(ARENA_BASE + ARENA->a_map.am_pool)) + n;
}

static bool
vnode_live(const struct vnode *vp)
{

	return vp->v_type > VNON && vp->v_type <= VSOCK;
}

static int
fault(const struct vnode *vp, const char *what, uint64_t a, uint64_t b)
{

	kprintf("vnode %lu (type %u): %s: %lu, %lu\n", vp->v_ino, vp->v_type,
	    what, a, b);
	return 1;
}

/* --- References --------------------------------------------------------- */

static void
found(struct vnode *vp)
{

	if (kmem_valid(KC_VNODE, vp))
		vp->v_link++;
}

static int
ref_reset(void *obj)
{
	struct vnode *vp = obj;

	if (vnode_live(vp))
		vp->v_link = 0;
	return 0;
}

static int
ref_vnode(void *obj)
{
	struct vnode *vp = obj;

	if (!vnode_live(vp) || vp->v_nlink != 0)
		return 0;
	/*
	 * A directory that is removed, but open, keeps its parent, and so does
	 * a name that was kept.
	 */
	if (vp->v_type == VDIR && vp->v_dir.d_parent != NULL)
		found(vp->v_dir.d_parent);
	else if (vp->v_type != VDIR && vp->v_name != NULL)
		found(vp->v_name->de_dvp);
	return 0;
}

static int
ref_file(void *obj)
{
	struct file *f = obj;

	if (f->f_type != FTYPE_NONE && f->f_type < FTYPE_MAX)
		found(f->f_vnode);
	return 0;
}

/* A free one has no reference, or is filled with a pattern. */
static bool
pipe_live(const struct pipe *p)
{
	return p->pp_refs > 0 && p->pp_lock.m_rank == KRANK_PIPE;
}

static int
ref_pipe(void *obj)
{
	struct pipe *p = obj;

	if (pipe_live(p))
		found(p->pp_vnode);
	return 0;
}

static int
check_pipe(void *obj)
{
	struct pipe *p = obj;

	return pipe_live(p) ? pipe_check(p) : 0;
}

static int
check_set(void *obj)
{
	struct file *f = obj;

	return kmem_valid(KC_FILE, f) && f->f_type == FTYPE_EPOLL &&
		f->f_data != NULL ?
	    epoll_check(f->f_data) :
	    0;
}

static void
ref_procs(void)
{
	struct lwproc_state *ls = ARENA->a_lwproc;
	struct proc *p;
	uint32_t i;

	for (i = 0; i <= ls->ls_hashmask; i++) {
		for (p = ls->ls_hash[i]; p != NULL; p = p->p_hashnext) {
			found(p->p_cdir);
			found(p->p_rdir);
		}
	}
}

static void
ref_hands(void)
{
	struct cpu *c;
	uint32_t i, j;

	for (i = 1; i < atomic_load(&ARENA->a_ncpus); i++) {
		c = cpu_byindex(i);
		for (j = 0; j < c->c_nhand; j++)
			if (c->c_hand[j].kh_kind == KHAND_VNODE)
				found(c->c_hand[j].kh_obj);
	}
}

static int
check_counts(void *obj)
{
	struct vnode *vp = obj;
	uint64_t refs = vp->v_link + vp->v_nmapped;
	int bad = 0;

	if (!vnode_live(vp))
		return 0;
	vp->v_link = 0;
	if (refs != vp->v_usecount)
		bad += fault(vp, "references counted, found", vp->v_usecount,
		    refs);
	if (vp->v_usecount == 0 && vp->v_nlink == 0)
		bad += fault(vp, "neither links nor references", 0, 0);
	return bad;
}

/* --- Pages -------------------------------------------------------------- */

/* Note the owner of a page of data. */
static int
own(const struct vnode *vp, uint64_t addr)
{
	struct page *pg;

	if (addr - ARENA_BASE - ARENA->a_map.am_pool >= (uint64_t)page_brk()
		    << KPAGE_SHIFT ||
	    (addr & KPAGE_MASK) != 0)
		return fault(vp, "not a page", addr, 0);
	pg = page_of((void *)(uintptr_t)addr);
	if (pg->pg_use != PAGE_DATA)
		return fault(vp, "not a page of data", addr, pg->pg_use);
	if (pg->pg_next == OWNED)
		return fault(vp, "a page with two owners", addr, 0);
	pg->pg_next = OWNED;
	return 0;
}

static int
check_pages(void *obj)
{
	struct vnode *vp = obj;
	uint64_t key, word, n = 0, idle = 0;
	int bad;

	if (!vnode_live(vp))
		return 0;
	bad = xattr_check(vp);
	if (vp->v_type != VREG)
		return bad;
	bad += radix_check(&vp->v_pages);
	if (bad != 0)
		return bad;
	for (key = 0; (word = radix_next(&vp->v_pages, &key)) != 0; key++) {
		bad += own(vp, word & ~PAGE_FLAGS);
		idle += (word & PAGE_IDLE) != 0;
		n += pageword_counts(word);
	}
	if (idle != vp->v_nidle)
		bad += fault(vp, "idle pages counted, found", vp->v_nidle,
		    idle);
	if (n != vp->v_npages)
		bad += fault(vp, "pages counted, found", vp->v_npages, n);
	return bad;
}

/* Pages of data in some hand have no other owner. */
static void
own_hands(void)
{
	struct page *pg;
	uintptr_t hand;
	struct cpu *c;
	uint32_t i, k;
	size_t n;

	for (k = 1; k < atomic_load(&ARENA->a_ncpus); k++) {
		c = cpu_byindex(k);
		for (i = 0; i < c->c_nhand; i++) {
			if (c->c_hand[i].kh_kind != KHAND_PAGES)
				continue;
			hand = (uintptr_t)c->c_hand[i].kh_obj;
			pg = page_of((void *)(hand & ~KPAGE_MASK));
			for (n = 0; n <= (hand & KPAGE_MASK); n++)
				if (pg[n].pg_use == PAGE_DATA)
					pg[n].pg_next = OWNED;
		}
	}
}

/* Pages without an owner; also wipes the notes. */
static int
orphans(bool report)
{
	uint32_t n, brk = page_brk(), lost = 0;
	struct page *pg;

	for (n = 0; n < brk; n++) {
		pg = page_bynumber(n);
		if (pg->pg_use != PAGE_DATA)
			continue;
		lost += pg->pg_next != OWNED;
		pg->pg_next = 0;
	}
	if (!report || lost == 0)
		return 0;
	kprintf("vfs: %u pages of file data without an owner\n", lost);
	return 1;
}

int
vnode_check(void)
{
	int bad;

	(void)kmem_visit(KC_VNODE, ref_reset);
	(void)kmem_visit(KC_VNODE, ref_vnode);
	(void)kmem_visit(KC_FILE, ref_file);
	(void)kmem_visit(KC_PIPE, ref_pipe);
	ref_procs();
	ref_hands();
	local_eachvnode(found);
	bad = kmem_visit(KC_VNODE, check_counts);
	bad += kmem_visit(KC_PIPE, check_pipe);
	bad += kmem_visit(KC_FILE, check_set);

	(void)orphans(false);
	own_hands();
	bad += kmem_visit(KC_VNODE, check_pages);
	return bad + orphans(bad == 0);
}
