/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program does wrong with lwps ends it, and it is told why. */
#include "tests/unit/lwproc.h"

SUITE(lwproc_panic);

static void
release_twice(void)
{

	rfork(0);
	release();
	release();
}

static void
release_none(void)
{

	release();
}

static void
switch_self(void)
{

	rfork(0);
	switchto(curlwp());
}

static void *
switch_to_arg(void *l)
{

	switchto(l);
	return NULL;
}

static void
switch_running(void)
{
	pthread_t td;

	rfork(0);
	pthread_create(&td, NULL, switch_to_arg, curlwp());
	pthread_join(td, NULL);
}

static void *
exit_without_release(void *lp)
{

	rfork(0);
	*(struct lwp **)lp = curlwp();
	return NULL;
}

static void
switch_to_exited(void)
{
	struct lwp *l = NULL;
	pthread_t td;

	pthread_create(&td, NULL, exit_without_release, &l);
	pthread_join(td, NULL);
	switchto(l);
}

static void
switch_to_released(void)
{
	struct lwp *l;

	rfork(0);
	l = curlwp();
	release();
	switchto(l);
}

static void
switch_to_reused(void)
{
	struct lwp *l;
	int i;

	rfork(0);
	l = curlwp();
	release();
	for (i = 0; i < 100; i++)
		rfork(0);
	switchto(l);
}

static void
switch_to_exited_and_reaped(void)
{
	struct lwp *l = NULL;
	pthread_t td;

	pthread_create(&td, NULL, exit_without_release, &l);
	pthread_join(td, NULL);
	rump_kern_check();
	switchto(l);
}

/* Another thread has the place of the one that ended. */
static void
switch_to_exited_and_replaced(void)
{
	struct lwp *l = NULL, *others;
	pthread_t td;
	int i;

	pthread_create(&td, NULL, exit_without_release, &l);
	pthread_join(td, NULL);
	for (i = 0; i < 100; i++) {
		pthread_create(&td, NULL, exit_without_release, &others);
		pthread_join(td, NULL);
	}
	switchto(l);
}

static const uintptr_t nonsense[] = {
	0x8,
	0x1234,
	0x1235,
	0x7ffffffff000,
	0xffffffffffffffff,
	0x8000000000000000,
	ARENA_BASE,
	ARENA_BASE + 1,
	ARENA_BASE + 0x10000000,
	ARENA_BASE + (1UL << 46),
};
static size_t which;

static void
switch_to_nonsense(void)
{

	switchto((struct lwp *)nonsense[which]);
}

static void
switch_into_the_pool(void)
{

	rfork(0);
	switchto((struct lwp *)(ARENA_BASE + ARENA->a_map.am_pool + which));
}

static void
switch_to_the_end_of_the_pool(void)
{

	switchto((struct lwp *)(ARENA_BASE + ARENA->a_map.am_pool +
	    (ARENA->a_map.am_npages << KPAGE_SHIFT) - 8 * which));
}

/* Of the right memory, but of another time. */
static void
switch_to_wrong_generation(void)
{

	rfork(0);
	switchto((struct lwp *)((uintptr_t)curlwp() ^ 1UL << 60));
}

static void
switch_to_inside(void)
{
	struct lwp *l;

	rfork(0);
	l = curlwp();
	switchto(NULL);
	switchto((struct lwp *)((uintptr_t)l + 8));
}

/* Whoever takes the name of a released one does not harm a later one. */
static void
release_reused(void)
{
	struct lwp *l;

	rfork(0);
	l = curlwp();
	release();
	rfork(0);
	switchto(NULL);
	if (rump_kern_check() != 0)
		_exit(1);
	switchto(l);
}

static void
usenative(void)
{

	rump_pub_lwproc_sysent_usenative();
}

Test(lwproc_panic, release_twice)
{

	panics(release_twice, "releasing non-pertinent lwp");
}

Test(lwproc_panic, release_without_lwp)
{

	panics(release_none, "releasing non-pertinent lwp");
	panics(release_none, "(1:");
}

Test(lwproc_panic, switch_to_the_current_lwp)
{

	panics(switch_self, "(2:1) already running");
}

Test(lwproc_panic, switch_to_another_threads_lwp)
{

	panics(switch_running, "(2:1) already running");
	panics(switch_running, "(switch by pid 1)");
}

Test(lwproc_panic, switch_to_the_lwp_of_an_exited_thread)
{
	static const char why[] =
	    ":1) already running: its thread exited without releasing it";

	panics(switch_to_exited, "(2:1)");
	panics(switch_to_exited, why);
	panics(switch_to_exited_and_reaped, why);
	panics(switch_to_exited_and_replaced, why);
}

Test(lwproc_panic, switch_to_a_released_lwp)
{

	panics(switch_to_released, "(2:1) was released");
}

Test(lwproc_panic, switch_to_a_released_lwp_whose_memory_is_used_again)
{

	panics(switch_to_reused, "was released");
	panics(release_reused, "was released, its memory is lwp (");
}

Test(lwproc_panic, switch_to_no_lwp_at_all)
{
	static char what[40];

	for (which = 0; which < sizeof(nonsense) / sizeof(nonsense[0]);
	     which++) {
		snprintf(what, sizeof(what), "%#lx is no lwp",
		    (unsigned long)nonsense[which]);
		panics(switch_to_nonsense, what);
	}
	for (which = 0; which < 4096; which += 1000)
		panics(switch_into_the_pool, "no lwp");
	for (which = 0; which < 4; which++)
		panics(switch_to_the_end_of_the_pool, "is no lwp");
	panics(switch_to_inside, "is no lwp");
}

Test(lwproc_panic, switch_to_another_generation)
{

	panics(switch_to_wrong_generation, "was released");
}

Test(lwproc_panic, usenative)
{

	panics(usenative, "don't use rump_lwproc_sysent_usenative()");
}
