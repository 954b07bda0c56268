/* SPDX-License-Identifier: BSD-2-Clause */
/* The undo log, the hand, and locks. */
#include <pthread.h>

#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "tests/unit/unit.h"

SUITE(klog);
SUITE(kmutex);

struct words {
	uint8_t w1;
	uint16_t w2;
	uint32_t w4;
	uint64_t w8;
};

Test(klog, rollback_restores_words_of_every_size)
{
	struct words *w = kmem_alloc(sizeof(*w));
	uint32_t hand = khand_mark();

	*w = (struct words){ 1, 2, 3, 4 };
	KSET(w->w1, 0xff);
	KSET(w->w2, 0xffff);
	KSET(w->w4, ~0u);
	KSET(w->w8, ~0ul);
	KSET(w->w8, 77);
	EQ(klog_used(), 5);
	klog_rollback(curcpu());
	cr_assert(klog_empty());
	cr_assert(w->w1 == 1 && w->w2 == 2 && w->w4 == 3 && w->w8 == 4);
	EQ(khand_mark(), hand);
	kmem_free(w);
}

Test(klog, what_is_committed_stays)
{
	struct words *w = kmem_alloc(sizeof(*w));

	KSET(w->w4, 1);
	klog_commit();
	KSET(w->w4, 2);
	klog_rollback(curcpu());
	EQ(w->w4, 1);
	kmem_free(w);
}

Test(klog, the_hand_takes_part_in_the_commit)
{
	void *a = kmem_alloc(32), *b = kmem_alloc(32), *c = kmem_alloc(32);

	khand_drop(a);
	cr_assert(!khand_has(a));
	klog_rollback(curcpu());
	cr_assert(khand_has(a) && khand_has(b) && khand_has(c));
	/* A drop and an add that uses its place again. */
	khand_drop(c);
	khand_add(KHAND_PAGES, &c);
	klog_rollback(curcpu());
	cr_assert(khand_has(a) && khand_has(b) && khand_has(c));
	khand_rename(b, &b);
	cr_assert(khand_has(&b) && !khand_has(b));
	klog_rollback(curcpu());
	khand_release(b);
	cr_assert(!khand_has(b) && khand_has(a) && khand_has(c));
	khand_release_to(0);
	EQ(khand_mark(), 0);
}

static void
fill_log(void)
{
	uint64_t *w;
	int i;

	rump_sys_getpid();
	w = kmem_alloc(8);
	for (i = 0; i <= KLOG_MAX; i++)
		KSET(*w, i);
}

Test(klog, a_log_that_is_full_panics)
{

	panics(fill_log, "undo log full");
}

/* --- Locks ------------------------------------------------------------------ */

static struct kmutex *
new_lock(enum krank rank)
{
	struct kmutex *m = kmem_alloc(sizeof(*m));

	kmutex_init(m, rank);
	return m;
}

Test(kmutex, is_owned_from_enter_to_exit)
{
	struct kmutex *m = new_lock(KRANK_FILE);

	cr_assert(!kmutex_owned(m));
	kmutex_enter(m);
	cr_assert(kmutex_owned(m));
	EQ(curcpu()->c_nlocks, 1);
	kmutex_exit(m);
	cr_assert(!kmutex_owned(m));
	EQ(curcpu()->c_nlocks, 0);
	kmem_free(m);
}

struct counter {
	struct kmutex lock;
	uint64_t value;
};

static void *
count_up(void *arg)
{
	struct counter *ct = arg;
	int i;

	EQ(rump_sys_getpid(), 1);
	for (i = 0; i < 100000; i++) {
		kmutex_enter(&ct->lock);
		KSET(ct->value, ct->value + 1);
		klog_commit();
		kmutex_exit(&ct->lock);
	}
	lwp_detach();
	return NULL;
}

Test(kmutex, excludes)
{
	struct counter *ct = kmem_alloc(sizeof(*ct));
	pthread_t td[4];
	int i;

	kmutex_init(&ct->lock, KRANK_FILE);
	for (i = 0; i < 4; i++)
		EQ(pthread_create(&td[i], NULL, count_up, ct), 0);
	for (i = 0; i < 4; i++)
		pthread_join(td[i], NULL);
	EQ(ct->value, 400000);
	kmem_free(ct);
}

static struct counter *shared;

static void
die_with_lock(void)
{

	rump_sys_getpid();
	kmutex_enter(&shared->lock);
	KSET(shared->value, 77);
	kill(getpid(), SIGKILL);
}

Test(kmutex, a_dead_owners_change_is_undone_and_its_lock_free)
{
	char said[100];

	shared = kmem_alloc(sizeof(*shared));
	kmutex_init(&shared->lock, KRANK_FILE);
	shared->value = 5;
	in_child(die_with_lock, said, sizeof(said));
	EQ(shared->value, 77);
	kmutex_enter(&shared->lock);
	EQ(shared->value, 5);
	kmutex_exit(&shared->lock);
	kmem_free(shared);
}

static void *
end_with_lock(void *arg)
{

	(void)arg;
	rump_sys_getpid();
	kmutex_enter(&shared->lock);
	KSET(shared->value, 77);
	return NULL;
}

Test(kmutex, a_dead_threads_lock_is_free_too)
{
	pthread_t td;

	shared = kmem_alloc(sizeof(*shared));
	kmutex_init(&shared->lock, KRANK_FILE);
	shared->value = 5;
	EQ(pthread_create(&td, NULL, end_with_lock, NULL), 0);
	pthread_join(td, NULL);
	kmutex_enter(&shared->lock);
	EQ(shared->value, 5);
	kmutex_exit(&shared->lock);
	kmem_free(shared);
}

static void
enter_twice(void)
{
	struct kmutex *m;

	rump_sys_getpid();
	m = new_lock(KRANK_FILE);
	kmutex_enter(m);
	kmutex_enter(m);
}

Test(kmutex, taken_twice_panics)
{

	panics(enter_twice, "lock");
}

#if RUMP_DEBUG
static void
wrong_order(void)
{
	struct kmutex *file, *page;

	rump_sys_getpid();
	file = new_lock(KRANK_FILE);
	page = new_lock(KRANK_PAGE);
	kmutex_enter(page);
	kmutex_enter(file);
}

Test(kmutex, the_wrong_order_panics)
{

	panics(wrong_order, "lock order");
}
#endif
