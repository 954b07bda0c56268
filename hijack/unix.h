/* SPDX-License-Identifier: BSD-2-Clause */
/* unix: what the calls on local sockets of the host's share; see unix.c. */
#ifndef HIJACK_UNIX_H
#define HIJACK_UNIX_H

#include "hijack/unixname.h"

struct hj_frame;
struct msghdr;

/* unix.c */
/* The program's address, if it is a local one with a path. */
bool hj_unix_getpath(const void *uaddr, uint32_t len, struct addr *);
bool hj_unix_ispath(const void *uaddr, uint32_t len);
/*
 * The address for the host: 0 with it in *out, an errno, or HJ_TO_HOST: it is
 * the host's as it is.  A bind() to a rump path is done as well.
 */
long hj_unix_translate(int fd, long nr, const struct addr *in,
    struct addr *out);
/* What the host says of a translated address, in the words for a path. */
long hj_unix_verdict(int fd, const struct addr *, long ret);

/* unixmsg.c */
/* Is there in a message what the host should not see as it is? */
bool hj_unix_msglook(long nr, const struct msghdr *um);
int hj_unix_msgcall(struct hj_frame *); /* enum hj_verdict */
/* sendmsg() by a socket of the host's, outside the kernel. */
long hj_unix_sendmsg(int fd, const struct msghdr *um, long flags);

#endif
