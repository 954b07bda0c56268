/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: files below /proc whose text is made when they are opened.
 *
 * Their nodes are regular files of the root file system, made at boot, whose
 * v_rdev says which; that of their directories is PROC_DIR, and neither can be
 * changed.  Who opens one gets a file of its own, without a name, that holds
 * the text: so every call that reads a file reads it.  The text is what was
 * true at the open, and does not change; it is told as 0 bytes, as Linux does.
 */
#ifndef RUMPVFS_PROCFS_H
#define RUMPVFS_PROCFS_H

#include "rumpvfs/vnode.h"

struct file;
struct procbuf;

/* Makes the text.  No lock is held, and none may be at any proc_print(). */
typedef void proc_gen(struct procbuf *);

struct procfile {
	const char *pf_name;
	proc_gen *pf_gen; /* NULL: a directory, before what is in it */
};

/* The last has no name.  syscalls/procfiles.c */
extern const struct procfile procfiles[];

#define PROC_DIR 0xffffffffu

/* Does it belong to /proc? */
static inline bool
proc_isnode(const struct vnode *vp)
{
	return (vp->v_type == VREG || vp->v_type == VDIR) && vp->v_rdev != 0;
}

/* What Linux says that an open one is called; how long that is. */
size_t proc_name(const struct vnode *, char *buf, size_t size);

/* --- For those who make text ----------------------------------------------- */

void proc_print(struct procbuf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void proc_put(struct procbuf *, const char *, size_t);
/* The line is at least so long; and it ends. */
void proc_endl(struct procbuf *, uint32_t width);

/* --- For the open call ----------------------------------------------------- */

/* The file in hand has such a node: it gets the text.  ENOMEM. */
int proc_open(struct file *);

#endif
