/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads of several processes that make, connect and close each other's
 * sockets, of TCP, UDP and AF_UNIX, pass data and one another through them and
 * wait for them; then processes that do so and are killed.
 */
#include <errno.h>
#include <stdio.h>

#include "rump/rump_syscalls.h"
#include "tests/stress/sockops.h"
#include "tests/stress/stress.h"

static const struct swarm swarm = {
	.sw_call = sock_call,
	.sw_errnos = sock_errnos,
	.sw_nfds = 32,
	.sw_procs = 4,
	.sw_threads = 8,
	.sw_kills = 300,
	.sw_seconds = 10,
};

static bool
with_names(bool (*run)(const struct swarm *))
{
	bool ok;

	rump_sys_mkdir(SOCKS_DIR, 0755);
	ok = run(&swarm);
	sock_names_remove();
	return ok;
}

int
main(void)
{
	bool ok = true;

	printf("1..4\n");
	swarm_boot();
	ok &= tap_ok(with_names(swarm_run), "sockets that others use");
	ok &= tap_ok(stress_clean(), "nothing is left of them");
	ok &= tap_ok(with_names(swarm_kill), "processes that die with sockets");
	ok &= tap_ok(stress_clean(), "nothing is left of the dead");
	return !ok;
}
