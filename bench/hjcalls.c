/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hjcalls: an ordinary program that uses two directories.  Under the shim the
 * second one is the rump kernel's.
 */
#include "bench/calls.h"

#include <sys/stat.h>

int
main(int argc, char **argv)
{
	struct side host = host_calls, rump = host_calls;

	host.s_dir = "/dev/shm";
	/* Paths of equal depth. */
	rump.s_name = "rump";
	rump.s_dir = "/rump/shm";
	if (argc == 2)
		mkdir(rump.s_dir, 0777);
	return row_main(argc, argv, &host, &rump);
}
