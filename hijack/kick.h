/* SPDX-License-Identifier: BSD-2-Clause */
/* kick: waking a thread that waits in the host, across users. */
#ifndef HIJACK_KICK_H
#define HIJACK_KICK_H

void hj_kick_init(void);
/* The signal came from the socket: others of the process may be meant. */
void hj_kick_taken(void);
/* In the child of a fork. */
void hj_kick_forked(void);
/* Before an exec, which closes the socket. */
void hj_kick_exec(void);
/* The thread ends. */
void hj_kick_exit(void);
/* Before the process becomes another user's. */
void hj_kick_users(void);

#endif
