/* SPDX-License-Identifier: BSD-2-Clause */
/* store: host descriptors in messages of rump's; see store.c. */
#ifndef HIJACK_STORE_H
#define HIJACK_STORE_H

/* In the first process of a kernel, and in those that are executed. */
void hj_store_create(void);
void hj_store_attach(int fd);

#endif
