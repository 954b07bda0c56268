/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim's table: for each call of the host, how to find the kernel that
 * does it.  The rows are made from syscalls.master, which tells the routes.
 */
#ifndef SYSCALLS_SYSROUTE_H
#define SYSCALLS_SYSROUTE_H

#include <stdint.h>

#define HJ_NCALLS 512 /* the host's numbers are below */

enum hc_route {
	HR_HOST = 0, /* nothing to look at */
	HR_FD,
	HR_FD2,
	HR_PATH,
	HR_PATHAT,
	HR_PATH2,
	HR_FDPATH,
	HR_FAMILY,
	HR_MAKE,
	HR_PROCESS,
	HR_SPECIAL,
	HR_RUMP
};

/* hc_bits */
#define HC_NOFOLLOW  0x01 /* hc_path's last link is not followed */
#define HC_NEWNAME   0x02 /* hc_path is to be made */
#define HC_NOFOLLOW2 0x04 /* likewise for hc_path2 */
#define HC_NEWNAME2  0x08
#define HC_RETFD     0x10 /* returns a new descriptor */
#define HC_PAIR      0x20 /* fills two new descriptors at hc_pair */

/* Places of arguments count from 1; 0: the call has no such argument. */
struct hj_callinfo {
	uint16_t hc_rsys; /* RSYS_ number; 0: not in the table */
	uint8_t hc_route; /* enum hc_route */
	uint8_t hc_bits;
	uint8_t hc_nargs;
	uint8_t hc_fd;    /* first descriptor */
	uint8_t hc_fd2;   /* second descriptor */
	uint8_t hc_in;    /* descriptor data comes from */
	uint8_t hc_out;   /* descriptor data goes to */
	uint8_t hc_dirfd; /* of hc_path; 0: the current directory */
	uint8_t hc_path;
	uint8_t hc_dirfd2; /* of hc_path2 */
	uint8_t hc_path2;
	uint8_t hc_atflags; /* AT_* */
	uint8_t hc_oflags;  /* O_* */
	uint8_t hc_pair;
};

extern const struct hj_callinfo hj_callinfo[HJ_NCALLS]
    __attribute__((visibility("hidden")));
/* hc_route alone; the shim may change it (to trace every call). */
extern unsigned char hj_route[HJ_NCALLS] __attribute__((visibility("hidden")));

#endif
