/* SPDX-License-Identifier: BSD-2-Clause */
/* twopaths: see twopaths.h. */
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpvfs/twopaths.h"
#include "rumpvfs/vnode.h"

int
twopaths_lookup(struct twopaths *tp, struct lwp *l, int olddirfd,
    const char *oldpath, int oldflags, int newdirfd, const char *newpath,
    int newflags)
{
	struct fs *fs = &ARENA->a_vfs->vs_root;
	int error, error2;

	tp->tp_new.nd_file = NULL;
	error = namei_copy(oldpath, 0, oldflags);
	if (error != 0)
		return error;
	error2 = namei_copy(newpath, 2, newflags);
	error = namei_begin(&tp->tp_old, l, olddirfd, 0, oldflags);
	if (error != 0)
		return error;
	if (error2 == 0)
		error2 = namei_begin(&tp->tp_new, l, newdirfd, 2, newflags);
	kmutex_enter(&fs->fs_lock);
	error = namei_walk(&tp->tp_old);
	if (error == KEHOST)
		curcpu()->c_hostend = 0;
	if (error == 0)
		error = error2;
	if (error == 0) {
		error = namei_walk(&tp->tp_new);
		if (error == KEHOST)
			curcpu()->c_hostend = 1;
	}
	if (error != 0) {
		kmutex_exit(&fs->fs_lock);
		namei_end(&tp->tp_new);
		namei_end(&tp->tp_old);
	}
	return error;
}

int
twopaths_done(struct twopaths *tp, uint32_t mark, int error)
{

	kmutex_exit(&tp->tp_old.nd_fs->fs_lock);
	namei_end(&tp->tp_new);
	namei_end(&tp->tp_old);
	khand_release_to(mark);
	return error;
}
