/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * copy: memory of the program, reached safely.  A fault in one of these
 * routines (and only there) ends in EFAULT; see copy.S and rumpuser's fault
 * handler.  They may be called with locks held.
 */
#ifndef RUMPKERN_COPY_H
#define RUMPKERN_COPY_H

#include "rumpkern/kern.h"

/* 0 or EFAULT. */
int copyin(const void *uaddr, void *kaddr, size_t len);
int copyout(const void *kaddr, void *uaddr, size_t len);
/* How many bytes were NOT copied (from the end). */
size_t copyin_some(const void *uaddr, void *kaddr, size_t len);
size_t copyout_some(const void *kaddr, void *uaddr, size_t len);
size_t zeroout_some(void *uaddr, size_t len);
/*
 * A string with its NUL: 0 and *done the length with the NUL, EFAULT, or
 * ENAMETOOLONG when there is no NUL in max bytes.
 */
int copyinstr(const void *uaddr, char *kaddr, size_t max, size_t *done);

/*
 * uio: where a read or write of a file finds the program's (or the
 * kernel's) memory.
 */
struct kiovec {
	void *iov_base;
	size_t iov_len;
};

struct uio {
	const struct kiovec *uio_iov; /* in kernel memory */
	int uio_iovcnt;
	bool uio_sys;        /* addresses are the kernel's */
	bool uio_write;      /* a write: from the program to a file */
	size_t uio_iovoff;   /* done of uio_iov[0] */
	size_t uio_resid;    /* left in all */
	uint64_t uio_offset; /* in the file, for those with one */
	int uio_flags;       /* RWF_*, MSG_* */
};

/* One buffer; iov is storage for its vector. */
void uio_init(struct uio *, struct kiovec *iov, void *base, size_t len,
    bool write);
/*
 * Move up to n bytes between kaddr and the uio, by its direction, and step on
 * (not uio_offset).  0, or EFAULT: what could be moved has been, and resid
 * tells how much.
 */
int uio_move(void *kaddr, size_t n, struct uio *);
int uio_zero(size_t n, struct uio *); /* a read of zeroes */
void uio_skip(size_t n, struct uio *);
/*
 * Import a program's iovec array into curcpu()->c_iov: 0, EINVAL, EFAULT.
 */
int uio_import(struct uio *, const void *uiov, long iovcnt, bool write);

/* copy.S */
size_t kcopy(void *to, const void *from, size_t len); /* bytes left */
size_t kzero(void *to, size_t len);                   /* bytes left */
/* Length with the NUL; 0: none in max bytes; -1: a fault. */
long kcopystr(char *to, const void *from, size_t max);

#endif
