/* SPDX-License-Identifier: BSD-2-Clause */
/* What fsfuzz's host does: rump does as the newest do. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsfuzz.h"

#define EMPTY_DIR 40 /* bytes, in tmpfs */

struct rules rules;

/* May another user link what it has opened itself, by its descriptor? */
static bool
links_by_cred(int dir)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		int fd = setresuid(1001, 1001, 1001) == -1 ?
		    -1 :
		    openat(dir, ".", O_TMPFILE | O_RDWR, 0600);

		_exit(fd == -1 ||
		    linkat(fd, "", dir, "linked", AT_EMPTY_PATH) == -1);
	}
	return pid != -1 && waitpid(pid, &status, 0) == pid && status == 0;
}

void
rules_probe(const char *dir)
{
	struct flock fl = { .l_type = F_UNLCK };
	struct stat st, root;
	char name[400];
	int fd;

	if (stat("/", &root) == 0 && stat(dir, &st) == 0)
		rules.mounted = root.st_dev != st.st_dev;
	snprintf(name, sizeof(name), "%s/probe", dir);
	if (mkdir(name, 0777) == -1 || chmod(name, 0777) == -1)
		return;
	fd = open(name, O_RDONLY | O_DIRECTORY);
	if (fd == -1)
		return;
	rules.ownlocks = fcntl(fd, F_OFD_GETLK, &fl) == 0;
	rules.dirsizes = fstat(fd, &st) == 0 && st.st_size == EMPTY_DIR;
	rules.linkbycred = links_by_cred(fd);
	close(fd);
	tree_remove(name);
}
