/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Booting: from nothing to a kernel with a root file system, in the order of
 * the layers.
 */
#include <fcntl.h>

#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/net.h"
#include "rumpvfs/vnode.h"
#include "syscalls/init.h"

#define VERSION 799003400 /* of the kernel whose API this is */
#define SPIN_NS 50000     /* longest spin before a sleep */

/* ru_init: 0 as long as it may be tried; a negative errno: half a kernel */
#define INIT_RUNS 1
#define INIT_DONE 2

extern char **environ __attribute__((weak));

/* RUMP_MEMLIMIT, or half of the machine's memory. */
static int
memlimit(uint64_t *size)
{
	const char *s = rumpuser_getenv("RUMP_MEMLIMIT");

	if (s != NULL)
		return arena_parse_size(s, size);
	*size = rumpuser_physmem() / 2;
	return 0;
}

/* RUMP_SPIN_US; on one core a spinner only keeps its waker away. */
static int
spin_limit(void)
{
	const char *s = rumpuser_getenv("RUMP_SPIN_US");
	uint64_t us;

	rumpuser_process.ru_spin_ns = SPIN_NS;
	if (s != NULL) {
		if (s[0] == '0' && s[1] == '\0')
			us = 0;
		else if (arena_parse_size(s, &us) != 0 || us > 1000000)
			return EINVAL;
		rumpuser_process.ru_spin_ns = us * 1000;
	}
	if (rumpuser_process.ru_ncores < 2)
		rumpuser_process.ru_spin_ns = 0;
	return 0;
}

int
kern_start(char *const *envp)
{

	rumpuser_init(envp);
	return spin_limit();
}

int
kern_boot(const char *name)
{
	uint64_t size;
	int error;

	error = memlimit(&size);
	if (error == 0)
		error = arena_create(name, size);
	if (error != 0)
		return error;
	kmutex_init(&ARENA->a_reaplock, KRANK_REAP);
	error = host_attach();
	if (error == 0)
		error = cpu_attach();
	if (error != 0)
		return error;
	page_boot();
	kmem_boot();
	lwproc_boot();
	vfs_boot();
	net_boot();
	kbarrier();
	ARENA->a_ready = 1;
	return 0;
}

/* The implicit context has descriptors 0, 1 and 2, as in NetBSD. */
static int
open_stdio(void)
{
	int i;

	for (i = 0; i < 3; i++)
		if (rump_sys_open("/dev/null", O_RDWR) != i)
			return ENXIO;
	return 0;
}

static int
boot(void)
{
	int error;

	if (rumpuser_process.ru_arenafd != -1)
		return 0;
	error = kern_start(environ);
	/* No other kernel than our own can be had: say so. */
	if (error == 0 && rumpuser_getenv("RUMP_SERVER") != NULL)
		error = EPROTONOSUPPORT;
	if (error == 0)
		error = kern_boot(NULL);
	if (error == 0)
		error = -rumpuser_catch_faults();
	if (error == 0)
		error = open_stdio();
	return error;
}

/* One thread boots; others that come meanwhile wait for it. */
int
rump_init(void)
{
	_Atomic int32_t *init = &rumpuser_process.ru_init;
	int32_t state = 0;
	int error;

	while (!atomic_compare_exchange_weak(init, &state, INIT_RUNS)) {
		if (state == INIT_DONE)
			return 0;
		if (state < 0)
			return -state;
		rumpuser_yield();
		state = 0;
	}
	error = boot();
	if (error == 0)
		atomic_store(init, INIT_DONE);
	else
		atomic_store(init,
		    rumpuser_process.ru_arenafd == -1 ? 0 : -error);
	return error;
}

int
rump_getversion(void)
{

	return VERSION;
}

int
rump_nativeabi_p(void)
{

	return 1;
}

int
rump_kern_check(void)
{

	lwproc_enter(__func__);
	reap_all();
	return page_check() + kmem_check() + lwproc_check() + vfs_check() +
	    net_check();
}
