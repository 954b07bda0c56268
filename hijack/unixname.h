/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unixname: under which abstract name the host knows a local socket that is
 * bound to a path in the rump kernel, and which path an abstract name stands
 * for; and the names of tokens.
 */
#ifndef HIJACK_UNIXNAME_H
#define HIJACK_UNIXNAME_H

#include "rumpkern/kern.h"
#include "rumpvfs/sockname.h"

#define UN_HEAD  2 /* bytes before sun_path */
#define UN_MAX   (UN_HEAD + SOCKNAME_MAX)
#define ADDR_MAX 128 /* no address is longer: sockaddr_storage */

/* A sockaddr_un with room for a NUL, or for any other address. */
struct addr {
	union {
		struct {
			uint16_t ad_family;
			char ad_path[ADDR_MAX - UN_HEAD];
		};
		char ad_bytes[ADDR_MAX];
	};
	uint32_t ad_len;
};

void unixname_encode(const struct sockname *, struct addr *);
/* If it is a name of ours, then it becomes the program's path. */
void unixname_decode(struct addr *);

/* The name of a token (transit.c), and the number in it. */
void unixname_token(uint64_t number, struct addr *);
bool unixname_istoken(const struct addr *, uint64_t *number);

#endif
