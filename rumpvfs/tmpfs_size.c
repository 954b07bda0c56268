/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs_size: which pages a regular file has: truncation, holes, fallocate,
 * SEEK_DATA, and pages for mappings.
 *
 * Pages are taken away in pieces, each a commit.  A truncation first sets the
 * size and VNODE_TRIM; whoever changes the file next after a death finishes it
 * before anything else, so that bytes that were cut off never come back.
 */
#include "rumpkern/kmem.h"
#include "rumpvfs/tmpfs_page.h"

/*
 * Bounds of a piece: log words (up to five a page) and hand slots, of which a
 * page may take one and one more for each level of the tree above it.
 */
#define CUT_PAGES 384
#define CUT_SLOTS (KHAND_SLOTS - 16)

struct cut {
	char *c_first; /* a run of pages that is being gathered */
	size_t c_n;
};

size_t
tmpfs_holes(const struct vnode *vp, uint64_t index, size_t n)
{
	uint64_t key = index;
	size_t i;

	if (n <= 8) {
		for (i = 1; i < n; i++)
			if (radix_get(&vp->v_pages, index + i) != 0)
				break;
		return i;
	}
	if (radix_next(&vp->v_pages, &key) == 0)
		return n;
	return kmin((uint64_t)n, key - index);
}

void
tmpfs_link(struct vnode *vp, uint64_t index, void *first, size_t n, size_t kept,
    uint64_t flag, struct radix_reserve *res)
{
	uint64_t word = (uint64_t)(uintptr_t)first;
	size_t i;

	KASSERT(kmutex_owned(&vp->v_lock) && kept > 0 && kept <= n);
	if (radix_grows(&vp->v_pages, index + kept - 1))
		tmpfs_seq_begin(vp);
	for (i = 0; i < kept; i++, word += KPAGE_SIZE)
		radix_set(&vp->v_pages, index + i, word | flag, res);
	if (flag & PAGE_IDLE) {
		KSET(vp->v_nidle, vp->v_nidle + kept);
		KSET(vp->v_flags, vp->v_flags | VNODE_EXTRA);
	} else {
		KSET(vp->v_npages, vp->v_npages + kept);
	}
	if (kept == n)
		khand_drop(PAGE_HAND(first, n));
	else
		khand_rename(PAGE_HAND(first, n), PAGE_HAND(word, n - kept));
}

void
tmpfs_linked(struct vnode *vp, void *first, size_t n, size_t kept)
{

	KASSERT(klog_empty());
	tmpfs_seq_repair(vp);
	if (kept < n)
		page_free(PAGE_HAND((char *)first + (kept << KPAGE_SHIFT),
		    n - kept));
}

/* Zero bytes that are in one page, if it has any. */
static void
zero_part(struct vnode *vp, uint64_t off, size_t n)
{
	uint64_t index = off >> KPAGE_SHIFT, word;

	KASSERT((off & KPAGE_MASK) + n <= KPAGE_SIZE);
	tmpfs_idle_look(vp, index, index + 1);
	word = radix_get(&vp->v_pages, index);
	if (pageword_data(word) && n > 0)
		memset((char *)(uintptr_t)word + (off & KPAGE_MASK), 0, n);
}

static void
end_run(struct cut *c)
{

	if (c->c_n > 0)
		khand_add(KHAND_PAGES, PAGE_HAND(c->c_first, c->c_n));
	c->c_n = 0;
}

/* Logged: a page that was cut off goes into the hand. */
static void
cut_page(struct cut *c, char *addr)
{

	if (c->c_n == 512 || addr != c->c_first + (c->c_n << KPAGE_SHIFT))
		end_run(c);
	if (c->c_n == 0)
		c->c_first = addr;
	c->c_n++;
}

/*
 * Cut off some of the pages [from, to), and of those that only mappings needed
 * among [idle, from); others there are idle no more.  True: none is left.
 */
static bool
cut_piece(struct vnode *vp, uint64_t idle, uint64_t from, uint64_t to)
{
	uint32_t mark = khand_mark();
	struct cut c = { NULL, 0 };
	uint64_t key = idle, word;
	size_t n = 0, nidle = 0, less = 0;
	bool done = false;

	KASSERT(klog_empty());
	for (; n < CUT_PAGES && (n == 0 || khand_mark() < CUT_SLOTS); key++) {
		word = radix_next(&vp->v_pages, &key);
		if (word == 0 || key >= to) {
			done = true;
			break;
		}
		if (key < from && (word & PAGE_IDLE) == 0)
			continue;
		nidle += (word & PAGE_IDLE) != 0;
		n++;
		if (key < from && pageword_counts(word)) {
			radix_set(&vp->v_pages, key, word & ~PAGE_IDLE, NULL);
			continue;
		}
		radix_clear(&vp->v_pages, key);
		cut_page(&c, (char *)(uintptr_t)(word & ~PAGE_FLAGS));
		less += pageword_counts(word);
	}
	end_run(&c);
	if (less > 0)
		KSET(vp->v_npages, vp->v_npages - less);
	if (nidle > 0)
		KSET(vp->v_nidle, vp->v_nidle - nidle);
	if (done && to == UINT64_MAX &&
	    (vp->v_flags & (VNODE_TRIM | VNODE_SPARE)) != 0)
		KSET(vp->v_flags, vp->v_flags & ~(VNODE_TRIM | VNODE_SPARE));
	klog_commit();
	/* Readers that began before the change must not miss it. */
	if (n > 0) {
		tmpfs_seq_end(vp);
		if (!done)
			tmpfs_seq_begin(vp);
	}
	khand_release_to(mark);
	return done;
}

static void
cut(struct vnode *vp, uint64_t idle, uint64_t from, uint64_t to)
{

	tmpfs_seq_begin(vp);
	while (!cut_piece(vp, idle, from, to))
		continue;
	tmpfs_seq_repair(vp);
}

/* While a file is mapped its pages stay where they are. */
static void
cut_or_wipe(struct vnode *vp, uint64_t from, uint64_t to)
{

	if (vp->v_nmapped == 0)
		cut(vp, from, from, to);
	else
		tmpfs_idle_wipe(vp, from, to);
}

/* Zero from off to the end of its page, or to `to' if that comes first. */
static void
zero_tail(struct vnode *vp, uint64_t off, uint64_t to)
{

	if ((off & KPAGE_MASK) != 0)
		zero_part(vp, off,
		    kmin(to - off, KPAGE_SIZE - (off & KPAGE_MASK)));
}

/* What VNODE_TRIM and VNODE_SPARE ask for. */
static void
trim(struct vnode *vp)
{
	uint64_t end = pages_for(vp->v_size), from = UINT64_MAX;

	if (vp->v_flags & VNODE_TRIM)
		from = end;
	if (vp->v_nmapped == 0) {
		tmpfs_idle_look(vp, 0, end);
		cut(vp, vp->v_nidle > 0 ? 0 : from, from, UINT64_MAX);
	} else {
		tmpfs_idle_wipe(vp, from, UINT64_MAX);
		KSET(vp->v_flags,
		    (vp->v_flags & ~(VNODE_TRIM | VNODE_SPARE)) | VNODE_EXTRA);
	}
	klog_commit();
}

void
tmpfs_unmapped(struct vnode *vp)
{

	tmpfs_settle(vp, 0);
}

void
tmpfs_settle_slow(struct vnode *vp, uint64_t off)
{

	KASSERT(kmutex_owned(&vp->v_lock) && klog_empty());
	if (vp->v_flags & (VNODE_TRIM | VNODE_SPARE))
		trim(vp);
	if (off <= vp->v_size)
		return;
	zero_tail(vp, vp->v_size, off);
	/* Who has them mapped still may have touched them meanwhile. */
	tmpfs_idle_zero(vp, pages_for(vp->v_size), pages_for(off));
}

static void
shrink(struct vnode *vp, uint64_t size)
{

	KSET(vp->v_size, size);
	KSET(vp->v_flags, vp->v_flags | VNODE_TRIM);
	klog_commit();
	zero_tail(vp, size, UINT64_MAX);
	trim(vp);
}

int
tmpfs_truncate(struct vnode *vp, uint64_t size, bool touch)
{
	bool cut_mapped;
	uint64_t npages;
	int error;

	error = tmpfs_size_ok(vp, size);
	if (error != 0)
		return error;
	kmutex_enter(&vp->v_lock);
	tmpfs_settle(vp, size);
	cut_mapped = size < vp->v_size && vp->v_nmapped > 0;
	npages = tmpfs_npages(vp);
	tmpfs_drop_setid(vp);
	/* As the host: to take away what may be there is a change. */
	if (touch || size != vp->v_size || npages != 0)
		vnode_touch(vp, VTOUCH_MTIME | VTOUCH_CTIME);
	if (size < vp->v_size)
		shrink(vp, size);
	else if (size > vp->v_size)
		KSET(vp->v_size, size);
	else if (npages > 0) {
		/* As Linux: what was allocated beyond the end goes. */
		klog_commit();
		cut_or_wipe(vp, pages_for(size), UINT64_MAX);
	}
	klog_commit();
	kmutex_exit(&vp->v_lock);
	if (cut_mapped && rumpuser_process.ru_cut != NULL)
		rumpuser_process.ru_cut();
	return 0;
}

int
tmpfs_punch(struct vnode *vp, uint64_t off, uint64_t len)
{
	uint64_t end = off + len, from = pages_for(off);
	uint64_t to = end >> KPAGE_SHIFT;

	kmutex_enter(&vp->v_lock);
	tmpfs_settle(vp, 0);
	if (off >> KPAGE_SHIFT == to) {
		zero_part(vp, off, len);
	} else {
		zero_tail(vp, off, UINT64_MAX);
		zero_part(vp, end & ~KPAGE_MASK, end & KPAGE_MASK);
	}
	if (from < to)
		cut_or_wipe(vp, from, to);
	tmpfs_drop_setid(vp);
	vnode_touch(vp, VTOUCH_MTIME | VTOUCH_CTIME);
	klog_commit();
	kmutex_exit(&vp->v_lock);
	return 0;
}

/* Pages for the holes among [index, index+n): as many as come at once. */
static int
allocate_run(struct vnode *vp, uint64_t index, size_t n, uint64_t flag,
    size_t *got)
{
	struct radix_reserve res;
	void *first;
	bool cold;
	int error;

	error = radix_prepare(&vp->v_pages, index, n, &res);
	if (error != 0)
		return error;
	n = kmin((uint64_t)n, vfs_room());
	n = n == 0 ? 0 : page_data_alloc(n, NULL, &first, &cold);
	if (n == 0) {
		radix_unreserve(&res);
		return ENOSPC;
	}
	if ((flag & PAGE_IDLE) && !cold)
		tmpfs_idle_discard((uintptr_t)first, n);
	tmpfs_link(vp, index, first, n, n, flag, &res);
	klog_commit();
	tmpfs_linked(vp, first, n, n);
	radix_unreserve(&res);
	*got = n;
	return 0;
}

/* An unwritten page becomes one of zeroes. */
static void
make_written(struct vnode *vp, uint64_t index, uint64_t word)
{

	KASSERT((word & PAGE_FLAGS) == PAGE_UNWRITTEN);
	word &= ~PAGE_UNWRITTEN;
	memset((void *)(uintptr_t)word, 0, KPAGE_SIZE);
	radix_set(&vp->v_pages, index, word, NULL);
	klog_commit();
}

/*
 * Fill the holes among the pages [index, end).  Those that an earlier
 * fallocate() left become data now: SEEK_DATA finds them, as on Linux.
 */
static int
allocate_pages(struct vnode *vp, uint64_t index, uint64_t end)
{
	uint64_t word;
	size_t n;
	int error = 0;

	if (end - index > vfs_room() + vp->v_npages)
		return ENOSPC;
	tmpfs_idle_look(vp, index, end);
	while (index < end && error == 0) {
		word = radix_get(&vp->v_pages, index);
		if ((word & PAGE_FLAGS) == PAGE_IDLE)
			tmpfs_idle_keep(vp, index, word);
		else if (word & PAGE_IDLE)
			tmpfs_idle_use(vp, index, word);
		else if (word & PAGE_UNWRITTEN)
			make_written(vp, index, word);
		if (word != 0) {
			index++;
			continue;
		}
		n = tmpfs_holes(vp, index, kmin(end - index, (uint64_t)512));
		error = allocate_run(vp, index, n, PAGE_UNWRITTEN, &n);
		index += n;
	}
	return error;
}

int
tmpfs_allocate(struct vnode *vp, uint64_t off, uint64_t len, bool keepsize)
{
	uint64_t end = off + len;
	int error;

	error = tmpfs_size_ok(vp, end);
	if (error != 0)
		return error;
	kmutex_enter(&vp->v_lock);
	tmpfs_settle(vp, keepsize ? 0 : end);
	error = allocate_pages(vp, off >> KPAGE_SHIFT, pages_for(end));
	if (error == 0) {
		if (!keepsize && end > vp->v_size)
			KSET(vp->v_size, end);
		tmpfs_drop_setid(vp);
		vnode_touch(vp, VTOUCH_MTIME | VTOUCH_CTIME);
	}
	klog_commit();
	kmutex_exit(&vp->v_lock);
	return error;
}

/* Whole pages become unwritten ones: one piece, up to the log's bound. */
static void
zero_pages(struct vnode *vp, uint64_t index, uint64_t end)
{
	uint64_t word;
	size_t n;

	tmpfs_seq_begin(vp);
	while (index < end) {
		for (n = 0; n < CUT_PAGES && index < end; n++, index++) {
			word = radix_get(&vp->v_pages, index);
			/* Mapped, it must stay the same page. */
			if (vp->v_nmapped > 0 && !(word & PAGE_UNWRITTEN))
				memset((void *)(uintptr_t)word, 0, KPAGE_SIZE);
			else if (word & PAGE_IDLE)
				tmpfs_idle_discard(word & ~PAGE_FLAGS, 1);
			else
				radix_set(&vp->v_pages, index,
				    word | PAGE_UNWRITTEN, NULL);
		}
		klog_commit();
	}
	tmpfs_seq_end(vp);
}

int
tmpfs_zero(struct vnode *vp, uint64_t off, uint64_t len, bool keepsize)
{
	uint64_t end = off + len, from = pages_for(off);
	uint64_t to = end >> KPAGE_SHIFT;
	int error;

	if (!keepsize && (error = tmpfs_size_ok(vp, end)) != 0)
		return error;
	kmutex_enter(&vp->v_lock);
	tmpfs_settle(vp, keepsize ? 0 : end);
	error = allocate_pages(vp, off >> KPAGE_SHIFT, pages_for(end));
	if (error == 0) {
		if (off >> KPAGE_SHIFT == to) {
			zero_part(vp, off, len);
		} else {
			zero_tail(vp, off, UINT64_MAX);
			zero_part(vp, end & ~KPAGE_MASK, end & KPAGE_MASK);
			zero_pages(vp, from, to);
		}
		if (!keepsize && end > vp->v_size)
			KSET(vp->v_size, end);
		tmpfs_drop_setid(vp);
		vnode_touch(vp, VTOUCH_MTIME | VTOUCH_CTIME);
	}
	klog_commit();
	kmutex_exit(&vp->v_lock);
	return error;
}

/* The first page at or after index with data, or UINT64_MAX. */
static uint64_t
next_data(const struct vnode *vp, uint64_t index)
{
	uint64_t word;

	for (;; index++) {
		word = radix_next(&vp->v_pages, &index);
		if (word == 0)
			return UINT64_MAX;
		if (pageword_data(word))
			return index;
	}
}

int
tmpfs_seek(struct vnode *vp, uint64_t off, bool hole, uint64_t *found)
{
	uint64_t index = off >> KPAGE_SHIFT, at = index;
	int error = 0;

	kmutex_enter(&vp->v_lock);
	if (off >= vp->v_size) {
		error = ENXIO;
		goto out;
	}
	tmpfs_idle_look(vp, index, pages_for(vp->v_size));
	if (hole)
		while (pageword_data(radix_get(&vp->v_pages, at)) &&
		    at < vp->v_size >> KPAGE_SHIFT)
			at++;
	else
		at = next_data(vp, index);
	if (hole && at == vp->v_size >> KPAGE_SHIFT &&
	    pageword_data(radix_get(&vp->v_pages, at)))
		*found = vp->v_size;
	else if (!hole && at >= pages_for(vp->v_size))
		error = ENXIO;
	else
		*found = kmin(at == index ? off : at << KPAGE_SHIFT,
		    vp->v_size);
out:
	kmutex_exit(&vp->v_lock);
	return error;
}

/* The page of an index, made if need be.  Those up to end are next. */
static int
map_page(struct vnode *vp, uint64_t index, uint64_t end, bool alloc,
    uint64_t *addr)
{
	uint64_t word = radix_get(&vp->v_pages, index);
	size_t got;
	int error;

	*addr = 0;
	if (word == 0 && alloc) {
		error = allocate_run(vp, index, 1, PAGE_IDLE, &got);
		if (error != 0)
			return error;
		word = radix_get(&vp->v_pages, index);
	} else if ((word & PAGE_FLAGS) == PAGE_UNWRITTEN && alloc) {
		tmpfs_idle_map(vp, index, end);
		word |= PAGE_IDLE;
	}
	if ((word & PAGE_FLAGS) != PAGE_UNWRITTEN)
		*addr = word & ~PAGE_FLAGS;
	return 0;
}

int
vnode_map_pages(struct vnode *vp, uint64_t index, size_t n, bool alloc,
    uint64_t *addrs)
{
	size_t i, holes, got;
	int error = 0;

	kmutex_enter(&vp->v_lock);
	tmpfs_settle(vp, 0);
	for (i = 0; i < n && error == 0; i++) {
		addrs[i] = 0;
		if (index + i >= pages_for(vp->v_size))
			continue;
		/* Neighbours are asked for at once, to lie together. */
		if (alloc && radix_get(&vp->v_pages, index + i) == 0) {
			holes = kmin(n - i, pages_for(vp->v_size) - index - i);
			holes = tmpfs_holes(vp, index + i, kmin(holes, 512UL));
			error = allocate_run(vp, index + i, holes, PAGE_IDLE,
			    &got);
		}
		if (error == 0)
			error = map_page(vp, index + i, index + n, alloc,
			    &addrs[i]);
	}
	kmutex_exit(&vp->v_lock);
	return error;
}

bool
tmpfs_free_piece(struct vnode *vp)
{

	return vp->v_npages + vp->v_nidle == 0 ||
	    cut_piece(vp, 0, 0, UINT64_MAX);
}
