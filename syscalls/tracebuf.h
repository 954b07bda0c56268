/* SPDX-License-Identifier: BSD-2-Clause */
/* tracebuf: a line of the tracer under construction, and its words. */
#ifndef SYSCALLS_TRACEBUF_H
#define SYSCALLS_TRACEBUF_H

#include "rumpkern/kern.h"

/* Text that does not fit is left out. */
struct tracebuf {
	char *tb_buf;
	size_t tb_size;
	size_t tb_len;
};

void tb_char(struct tracebuf *, char);
void tb_str(struct tracebuf *, const char *);
void tb_dec(struct tracebuf *, long);
void tb_udec(struct tracebuf *, unsigned long);
void tb_hex(struct tracebuf *, unsigned long);
void tb_octal(struct tracebuf *, unsigned long);
/* An address, or NULL. */
void tb_ptr(struct tracebuf *, unsigned long);
/* Bytes in kernel memory, quoted and escaped; more: there were others. */
void tb_quoted(struct tracebuf *, const char *, size_t len, bool more);
/* A program's string, or its len bytes; an address if they are not there. */
void tb_userstr(struct tracebuf *, unsigned long uaddr);
void tb_userbytes(struct tracebuf *, unsigned long uaddr, size_t len);

/* Words for numbers. */
void tb_oflags(struct tracebuf *, unsigned long);
/* Without an access mode, as pipe2 and dup3 take them. */
void tb_newfdflags(struct tracebuf *, unsigned long);
void tb_atflags(struct tracebuf *, int rsys, unsigned long);
void tb_accmode(struct tracebuf *, unsigned long);
void tb_mode(struct tracebuf *, unsigned long);
void tb_whence(struct tracebuf *, long);
void tb_flock(struct tracebuf *, unsigned long);
void tb_fcntl(struct tracebuf *, long);
void tb_ioctl(struct tracebuf *, unsigned long);
void tb_fdflags(struct tracebuf *, unsigned long);
void tb_locktype(struct tracebuf *, long);
void tb_pollevents(struct tracebuf *, unsigned long);

/* NULL: no such error. */
const char *syserr_name(int error);
const char *syserr_text(int error);

#endif
