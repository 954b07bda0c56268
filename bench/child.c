/* SPDX-License-Identifier: BSD-2-Clause */
/* child: the programs the benchmark runs, with and without the shim. */
#include "bench/child.h"
#include "bench/measure.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char builddir[PATH_MAX];

void
child_init(void)
{
	ssize_t n;
	char *p;
	int i;

	n = readlink("/proc/self/exe", builddir, sizeof(builddir) - 1);
	if (n < 0)
		die("/proc/self/exe");
	builddir[n] = '\0';
	/* BUILD/bench/bench, or BUILD/bench/.libs/bench */
	for (i = 0; i < 2 || strcmp(strrchr(builddir, '/'), "/bench") == 0;
	     i++) {
		p = strrchr(builddir, '/');
		if (p == NULL || p == builddir)
			break;
		*p = '\0';
	}
}

static void
exec_child(enum how how, const char *prog, const char *arg1, const char *arg2)
{
	static const char *const spec[] = {
		[SHIM] = "path=/rump",
		[SHIM_PIPE] = "path=/rump,pipe=yes",
		[SHIM_SOCK] = "path=/rump,socket=all",
		[SHIM_INET] = "path=/rump,socket=all:nolocal",
	};
	char path[PATH_MAX + 64];

	if (how != PLAIN) {
		snprintf(path, sizeof(path), "%s/.libs/librumphijack.so",
		    builddir);
		setenv("LD_PRELOAD", path, 1);
		setenv("RUMPHIJACK", spec[how], 1);
	}
	snprintf(path, sizeof(path), "%s/bench/%s", builddir, prog);
	execl(path, path, arg1, arg2, (char *)NULL);
	die("%s", path);
}

void
child_start(struct child *ch, enum how how, const char *prog, const char *arg1,
    const char *arg2)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		die("pipe");
	ch->ch_pid = fork();
	if (ch->ch_pid < 0)
		die("fork");
	if (ch->ch_pid == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		exec_child(how, prog, arg1, arg2);
	}
	close(to[0]);
	close(from[1]);
	ch->ch_to = fdopen(to[1], "w");
	ch->ch_from = fdopen(from[0], "r");
}

bool
child_ask(struct child *ch, const char *line, char *answer, size_t size)
{
	if (line != NULL) {
		fprintf(ch->ch_to, "%s\n", line);
		fflush(ch->ch_to);
	}
	return fgets(answer, (int)size, ch->ch_from) != NULL;
}

int
child_end(struct child *ch)
{
	int status;

	fclose(ch->ch_to);
	fclose(ch->ch_from);
	if (waitpid(ch->ch_pid, &status, 0) != ch->ch_pid)
		return -1;
	return status;
}
