/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notifyboth: what the tests of inotify share: a directory on a tmpfs of either
 * kernel, and the events that are in a queue.
 */
#ifndef TESTS_NOTIFYBOTH_H
#define TESTS_NOTIFYBOTH_H

#include "tests/unit/both.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#define IS_RUMP (s == &sides[1])
/* A call of the side's kernel. */
#define C(name, ...) \
	(IS_RUMP ? rump_sys_##name(__VA_ARGS__) : name(__VA_ARGS__))

/* What libc has and librump has not. */
#define rump_sys_mkfifo(path, mode)  rump_sys_mknod(path, S_IFIFO | (mode), 0)
#define rump_sys_futimens(fd, times) rump_sys_utimensat(fd, NULL, times, 0)
#define getdents64(fd, buf, n)       syscall(SYS_getdents64, fd, buf, n)

static char host_dir[40];

/* An empty directory becomes the current one. */
static inline void
enter_dir(const struct side *s)
{
	if (IS_RUMP) {
		OK(rump_sys_mkdir("/watch", 0777));
		OK(rump_sys_chdir("/watch"));
		return;
	}
	strcpy(host_dir, "/dev/shm/watchXXXXXX");
	cr_assert(mkdtemp(host_dir) != NULL);
	OK(chmod(host_dir, 0755));
	OK(chdir(host_dir));
}

static inline void
leave_dir(const struct side *s)
{
	char cmd[80];

	if (IS_RUMP)
		return;
	OK(chdir("/"));
	sprintf(cmd, "rm -rf %s", host_dir);
	EQ(system(cmd), 0);
}

static inline void
say_mask(uint32_t mask)
{
	static const char *const names[32] = { "access", "modify", "attrib",
		"close_write", "close_nowrite", "open", "moved_from",
		"moved_to", "create", "delete", "delete_self",
		"move_self", [13] = "unmount", [14] = "overflow",
		[15] = "ignored", [30] = "isdir" };
	int i;

	for (i = 0; i < 32; i++)
		if (mask >> i & 1)
			say(" %s", names[i] != NULL ? names[i] : "?");
}

/* All that is in the queue; cookies by whether they are those of before. */
static inline void
say_queue(const struct side *s, int fd)
{
	static uint32_t last[2];
	char buf[65536] __attribute__((aligned(8)));
	struct inotify_event *ev;
	ssize_t n, at;

	while ((n = s->read(fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n; at += sizeof(*ev) + ev->len) {
			ev = (struct inotify_event *)(buf + at);
			say("  %d:", ev->wd);
			say_mask(ev->mask);
			if (ev->len != 0)
				say(" \"%s\" %u", ev->name, ev->len);
			if (ev->cookie != 0)
				say(" cookie %s",
				    ev->cookie == last[IS_RUMP] ? "same" :
								  "new");
			if (ev->cookie != 0)
				last[IS_RUMP] = ev->cookie;
			say("\n");
		}
	}
	if (n < 0 && errno != EAGAIN)
		say("  read: %s\n", strerrorname_np(errno));
}

static inline int
put_file(const struct side *s, const char *name, const char *text)
{
	int fd = C(open, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	EQ(s->write(fd, text, strlen(text)), strlen(text));
	return s->close(fd);
}

#endif
