/* SPDX-License-Identifier: BSD-2-Clause */
/* fsfuzz: the same random file system calls on the host and on rump. */

#include "fsfuzz.h"

const char *const fuzz_name = "fsfuzz";
const char *const fuzz_inject = "chmod";
const char *const fuzz_host = "/dev/shm";
const int fuzz_patience = 60;

struct options opt = {
	.calls = 1000000,
	.round = 1500,
};

void
fuzz_start(void)
{
	buffers_init();
	rules_probe(opt.host);
	ctime_fine = ctime_probe(opt.host) && ctime_probe(opt.rump);
	if (!ctime_fine)
		printf("a ctime is only as good as the clock tick: "
		       "comparing fewer\n");
}
