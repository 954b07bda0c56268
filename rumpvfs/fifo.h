/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fifo: opening FIFOs.
 */
#ifndef RUMPVFS_FIFO_H
#define RUMPVFS_FIFO_H

struct file;
struct lwp;
struct vnode;

/*
 * Open the FIFO vp: wait for the other end as open(2) says.  f is a fresh
 * file in hand, of FTYPE_PIPE, not yet of any table; flags are the open's.
 * The caller has a reference to vp and no lock; f_vnode is its business.  0:
 * f_data is set.  ENXIO, KERESTART, ENFILE: f is as it was.
 */
int fifo_open(struct vnode *vp, int flags, struct file *f);

#endif
