/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared types of netfuzz, the differential fuzzer of sockets and polling. */

#ifndef NETFUZZ_H
#define NETFUZZ_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fuzz.h"

#define NSLOT   12 /* descriptors a side can hold */
#define NPORT   5  /* ports a program names */
#define NNAME   5  /* names of local sockets */
#define NTMP    16 /* descriptors made within a call */
#define POOL    (192 * 1024)
#define MAXLEN  (96 * 1024)
#define FILELEN 10000 /* of the side's file */

/* One of the two networks. */
struct side {
	int index; /* 0: host, 1: rump */
	bool raw;  /* its calls go past the shim */
	bool both; /* both sides are the host's */
	const char *label;
	char root[100]; /* directory of its names, as long on both sides */
	size_t rootlen;
	int port; /* the first of its ports */
	int id;   /* of the round, in abstract names */
	int fd[NSLOT];
	struct text *out;
};

/* Room for any address, and what is behind it. */
union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	char raw[256];
};

/* An option and what is special about it. */
struct sockoption {
	int level, name;
};

/* netfuzz_host.c: calls of a side; errno is the side's */
#define CALL_(s, nr, a, b, c, d, e, f, ...)                             \
	side_syscall(s, nr, (long)(a), (long)(b), (long)(c), (long)(d), \
	    (long)(e), (long)(f))
#define CALL(s, nr, ...) CALL_(s, nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
long side_syscall(struct side *, long, long, long, long, long, long, long);
bool shimmed(void); /* is there a shim that raw calls go past? */
bool net_own(void); /* enter a network of its own */
void net_start(void);
void net_settle(struct side *);
bool net_room(struct side *, int, size_t *);

/* netfuzz_arg.c: an argument's code made into its value */
int arg_fd(struct side *, uint32_t);
int arg_domain(uint32_t);
int arg_type(uint32_t);
size_t arg_length(uint32_t);
int arg_msgflags(uint32_t);
void *arg_in(uint32_t);
void *arg_out(uint32_t, size_t);
uint64_t arg_outhash(uint32_t, size_t);
const struct sockoption *arg_option(uint32_t);
int arg_value(uint32_t);
void buffers_init(void);
bool bad_buffer(uint32_t);
extern void *const bad_pointer;
extern const char *const msgflag_names[];

/* netfuzz_addr.c */
void *addr_make(struct side *, uint32_t, union addr *, socklen_t *);
void addr_put(struct side *, const char *, const union addr *, socklen_t,
    socklen_t);
bool port_untold(struct side *, int, uint32_t);
void addr_print(FILE *, uint32_t);
uint32_t addr_gen(void);
void addr_path(struct side *, uint32_t, char *);

/* netfuzz_look.c */
void look_fd(struct side *, int);
void look_ready(struct side *);
int fd_domain(struct side *, int);
int tcp_state(struct side *, int);
int fd_type(struct side *, int);
bool fd_issock(struct side *, int);
#define fd_istcp(s, fd) \
	(fd_domain(s, fd) != AF_UNIX && fd_type(s, fd) == SOCK_STREAM)

/* netfuzz_sock.c */
long into_slot(struct side *, uint32_t, int);
socklen_t whole_path(const union addr *, socklen_t, socklen_t);
void limit_waits(struct side *, int);
long skipped(struct side *);

/* netfuzz_ctl.c: control messages */
size_t ctl_make(struct side *, uint32_t, char *, size_t);
void ctl_put(struct side *, struct msghdr *, uint32_t);

/* netfuzz_rules.c: what is known to differ, and why */
bool disconnect_untold(struct side *, int, const union addr *);
bool connect_crossed(struct side *, int, const union addr *);
bool send_untold(struct side *, int, int);
long note_connect(struct side *, int, long);
bool cork_untold(struct side *, int, int);
bool sendfile_untold(struct side *, int, bool);
bool room_unasked(struct side *, int);
bool nread_untold(struct side *, int);
bool sender_untold(struct side *, int);
bool mark_ahead(struct side *, int);
bool recv_untold(struct side *, int, uint32_t, size_t, int);
bool peek_untold(struct side *, int, int);
bool shutdown_untold(struct side *, int);
bool option_missing(int, int);
bool option_untold(struct side *, int, int, int);
bool option_unasked(int, int);

#endif
