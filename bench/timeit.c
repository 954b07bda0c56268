/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeit: run the commands read from standard input, one a line, words split
 * at blanks, their output thrown away; print how many microseconds each took,
 * or -1 if it failed.  Under the shim all of them use one kernel.
 */
#include "bench/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 32

static int
run(char *line, const posix_spawn_file_actions_t *fa)
{
	char *argv[WORDS + 1], *save;
	int argc = 0, status;
	pid_t pid;

	for (char *w = strtok_r(line, " \n", &save); w != NULL && argc < WORDS;
	     w = strtok_r(NULL, " \n", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	if (argc == 0)
		return 0;
	errno = posix_spawnp(&pid, argv[0], fa, NULL, argv, environ);
	if (errno != 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

int
main(void)
{
	posix_spawn_file_actions_t fa;
	char line[1024];
	uint64_t t0;
	int status;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null",
	    O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, STDOUT_FILENO, "/dev/null",
	    O_WRONLY, 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		t0 = now_ns();
		status = run(line, &fa);
		printf("%.3f\n",
		    status == 0 ? (double)(now_ns() - t0) / 1000 : -1.0);
		fflush(stdout);
	}
	return 0;
}
