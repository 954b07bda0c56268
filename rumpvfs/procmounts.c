/* SPDX-License-Identifier: BSD-2-Clause */
/* procmounts: see procmounts.h. */
#include "rumpvfs/procmounts.h"

#include "rumpkern/arena.h"

/* A name, with the characters in octal that would end it. */
static void
put_name(struct procbuf *pb, const char *s, size_t len)
{
	for (; len > 0; len--, s++) {
		if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\\' ||
		    *s == '#')
			proc_print(pb, "\\%d%d%d", *s >> 6 & 3, *s >> 3 & 7,
			    *s & 7);
		else
			proc_put(pb, s, 1);
	}
}

void
procmounts_line(struct procbuf *pb, enum procmounts how, int id, int parent,
    const char *root, size_t rootlen, const char *place)
{
	uint64_t dev = ARENA->a_vfs->vs_root.fs_dev;

	if (how == MOUNTS_INFO) {
		proc_print(pb, "%d %d %u:%u ", id, parent,
		    (unsigned)(dev >> 8 & 0xfff),
		    (unsigned)((dev & 0xff) | (dev >> 12 & 0xfff00)));
		put_name(pb, rootlen != 0 ? root : "/", kmax(rootlen, 1UL));
		proc_put(pb, " ", 1);
		put_name(pb, place, strlen(place));
		proc_print(pb, " rw,relatime - tmpfs rump rw\n");
		return;
	}
	proc_print(pb,
	    how == MOUNTS_MOUNTS ? "rump " : "device rump mounted on ");
	put_name(pb, place, strlen(place));
	proc_print(pb,
	    how == MOUNTS_MOUNTS ? " tmpfs rw,relatime 0 0\n" :
				   " with fstype tmpfs\n");
}

/* The shim knows more: what the host has, and where we are. */
static void
tell(struct procbuf *pb, enum procmounts how)
{
	if (rumpuser_process.ru_mounts != NULL)
		rumpuser_process.ru_mounts(pb, how);
	else
		procmounts_line(pb, how, VFS_MOUNTID, 1, "/", 0, "/");
}

void
procmounts_mounts(struct procbuf *pb)
{
	tell(pb, MOUNTS_MOUNTS);
}

void
procmounts_info(struct procbuf *pb)
{
	tell(pb, MOUNTS_INFO);
}

void
procmounts_stats(struct procbuf *pb)
{
	tell(pb, MOUNTS_STATS);
}
