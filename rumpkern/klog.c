/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * klog: rolling back, and what is in hand.  See klog.h.
 */
#include "rumpkern/klog.h"

void
klog_full(void)
{

	kpanic("undo log full: an operation changes too much at once");
}

/* A crash test: die when the count says so. */
void
klog_crashpoint(void)
{
	struct cpu *c = curcpu();

	if (c != NULL && c->c_crashat != 0 && ++c->c_crashcount == c->c_crashat)
		rumpuser_die();
}

/* A release, as KSET() is: others read the word without the lock. */
static void
put_back(uintptr_t addr, unsigned size, uint64_t old)
{

	switch (size) {
	case 1:
		__atomic_store_n((uint8_t *)addr, old, __ATOMIC_RELEASE);
		break;
	case 2:
		__atomic_store_n((uint16_t *)addr, old, __ATOMIC_RELEASE);
		break;
	case 4:
		__atomic_store_n((uint32_t *)addr, old, __ATOMIC_RELEASE);
		break;
	default:
		__atomic_store_n((uint64_t *)addr, old, __ATOMIC_RELEASE);
		break;
	}
}

void
klog_rollback(struct cpu *c)
{
	struct klogent *e;
	uintptr_t addr;

	while (c->c_nlog > 0) {
		e = &c->c_log[c->c_nlog - 1];
		addr = e->kl_addr & ((1UL << 56) - 1);
		put_back(addr, e->kl_addr >> 56, e->kl_old);
		kbarrier();
		*(volatile uint32_t *)&c->c_nlog = c->c_nlog - 1;
		kbarrier();
	}
}

void
khand_add(enum khand kind, void *obj)
{
	struct cpu *c = curcpu();
	uint32_t n = c->c_nhand;

	if (unlikely(n == KHAND_SLOTS))
		kpanic("too many objects in hand");
	/* Above c_nhand nothing counts: no need to log the entry. */
	c->c_hand[n].kh_kind = kind;
	c->c_hand[n].kh_obj = obj;
	kbarrier();
	KSET(c->c_nhand, n + 1);
}

static struct khandent *
find(struct cpu *c, const void *obj)
{
	uint32_t i;

	for (i = c->c_nhand; i-- > 0;)
		if (c->c_hand[i].kh_obj == obj)
			return &c->c_hand[i];
	return NULL;
}

void
khand_drop(void *obj)
{
	struct cpu *c = curcpu();
	struct khandent *e = find(c, obj), *top;

	if (unlikely(e == NULL))
		kpanic("%p is not in hand", obj);
	top = &c->c_hand[c->c_nhand - 1];
	if (e != top) {
		KSET(e->kh_obj, top->kh_obj);
		KSET(e->kh_kind, top->kh_kind);
	}
	/*
	 * Logged as well: a roll-back brings the top entry back, and until
	 * then khand_add() may have used it again.
	 */
	klog_save(&top->kh_obj, sizeof(top->kh_obj));
	klog_save(&top->kh_kind, sizeof(top->kh_kind));
	KSET(c->c_nhand, c->c_nhand - 1);
}

bool
khand_has(const void *obj)
{

	return find(curcpu(), obj) != NULL;
}

void
khand_rename(void *obj, void *as)
{
	struct khandent *e = find(curcpu(), obj);

	if (unlikely(e == NULL))
		kpanic("%p is not in hand", obj);
	KSET(e->kh_obj, as);
}

void
khand_release(void *obj)
{
	struct khandent *e = find(curcpu(), obj);

	KASSERT(klog_empty());
	if (unlikely(e == NULL))
		kpanic("%p is not in hand", obj);
	khand_ops[e->kh_kind](obj);
}

uint32_t
khand_mark(void)
{

	return curcpu()->c_nhand;
}

void
khand_release_to(uint32_t mark)
{
	struct cpu *c = curcpu();

	while (c->c_nhand > mark)
		khand_release(c->c_hand[c->c_nhand - 1].kh_obj);
}
