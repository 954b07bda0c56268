/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses in netfuzz: made of a code, and printed so that the sides can be
 * compared.  What a program names is a number of the side's own; what the
 * kernel chose is not told; two that are each other's ends are (look_fd()).
 */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netfuzz.h"

#define nelem(a) (sizeof(a) / sizeof((a)[0]))

/* A code: kind, which one, port or name. */
#define KIND(code)  ((code)&15)
#define WHICH(code) ((code) >> 4 & 15)
#define PORT(code)  ((code) >> 8 & 15)

enum kind {
	SLOT_NAME, /* the name of a descriptor */
	SLOT_PEER,
	INET,
	INET6,
	PATHNAME,
	ABSTRACT,
	ODD,
};

static const char *const hosts[] = { "127.0.0.1", "127.0.0.1", "127.0.0.1",
	"127.0.0.1", "0.0.0.0", "0.0.0.0", "127.0.0.2", "127.1.2.3",
	"127.0.0.5", "127.0.0.3", "10.9.9.9", "127.255.255.255", "127.0.0.4",
	"0.0.0.1", "240.0.0.1", "127.0.0.0" };
static const char *const hosts6[] = { "::1", "::1", "::1", "::1",
	"::", "::", "::ffff:127.0.0.1", "::ffff:127.0.0.1", "::ffff:0.0.0.0",
	"::ffff:10.9.9.9", "fe80::1", "::2", "2001:db8::1", "::127.0.0.1",
	"::3", "::ffff:127.0.0.1" };
static const char *const odds[] = { "NULL", "(void *)8", "unmapped", "unspec",
	"unspec", "unspec", "family 99", "unix unnamed", "path missing dir",
	"path is a file", "path without end", "path empty", "abstract long",
	"inet as inet6", "AF_NETLINK", "unspec 127.0.0.1" };

uint32_t
addr_gen(void)
{
	static const unsigned char kinds[] = { SLOT_NAME, SLOT_NAME, SLOT_NAME,
		SLOT_PEER, INET, INET, INET6, INET6, PATHNAME, ABSTRACT };
	uint32_t kind = rnd(25) == 0 ? ODD : kinds[rnd(nelem(kinds))];
	uint32_t which = kind <= SLOT_PEER ? rnd(NSLOT) :
	    kind == ODD                    ? rnd(16) :
	    rnd(8) == 0                    ? rnd(16) :
					     rnd(8);
	uint32_t port = rnd(20) == 0 ? 6 + rnd(10) : rnd(6);

	return kind | which << 4 | port << 8;
}

/* The port of a code: mostly one of the side's few, or 0. */
static int
port_of(struct side *s, uint32_t code)
{
	uint32_t i = PORT(code);

	if (i < NPORT)
		return s->port + (int)i;
	return i == 14 ? 65535 : 0;
}

/* Names a and b are the common ones. */
void
addr_path(struct side *s, uint32_t i, char *path)
{
	snprintf(path, 108, "%s/%c", s->root, 'a' + (int)(i % NNAME));
}

static socklen_t
make_unix(struct side *s, uint32_t code, struct sockaddr_un *un)
{
	un->sun_family = AF_UNIX;
	if (KIND(code) == PATHNAME) {
		addr_path(s, PORT(code), un->sun_path);
		/* With its end, without, or with more after it. */
		return (socklen_t)(2 + strlen(un->sun_path) +
		    (WHICH(code) == 9         ? 0 :
			    WHICH(code) == 10 ? 3 :
						1));
	}
	return 2 +
	    (socklen_t)snprintf(un->sun_path + 1, 100, "%cf%08d%c",
		'n' + s->index, s->id, 'a' + (int)(PORT(code) % NNAME)) +
	    (WHICH(code) == 9 ? 3 : 1);
}

static void *
make_odd(struct side *s, uint32_t code, union addr *u, socklen_t *len)
{
	*len = sizeof(u->in);
	switch (WHICH(code)) {
	case 0:
		return NULL;
	case 1:
		return (void *)8;
	case 2:
		return bad_pointer;
	case 6:
		u->sa.sa_family = 99;
		break;
	case 7:
		u->sa.sa_family = AF_UNIX;
		*len = 2;
		break;
	case 8:
		u->sa.sa_family = AF_UNIX;
		snprintf(u->un.sun_path, 108, "%s/none/x", s->root);
		*len = 110;
		break;
	case 9:
		u->sa.sa_family = AF_UNIX;
		snprintf(u->un.sun_path, 108, "%s/file", s->root);
		*len = 110;
		break;
	case 10:
		u->sa.sa_family = AF_UNIX;
		/* As long as a name can be below a prefix. */
		memset(u->un.sun_path, 'x', 100);
		memcpy(u->un.sun_path, s->root, s->rootlen);
		u->un.sun_path[s->rootlen] = '/';
		*len = 102;
		break;
	case 11:
		u->sa.sa_family = AF_UNIX;
		*len = 3;
		break;
	case 12:
		u->sa.sa_family = AF_UNIX;
		memset(u->un.sun_path + 1, 'y', 107);
		snprintf(u->un.sun_path + 1, 100, "%cf%08d", 'n' + s->index,
		    s->id);
		*len = 110;
		break;
	case 13:
		u->sa.sa_family = AF_INET;
		*len = sizeof(u->in6);
		break;
	case 14:
		u->sa.sa_family = AF_NETLINK;
		break;
	case 15:
		inet_pton(AF_INET, "127.0.0.1", &u->in.sin_addr);
		u->in.sin_port = htons((uint16_t)port_of(s, code));
		break;
	}
	return u;
}

/* The address a code stands for, and its length; u is where it usually is. */
void *
addr_make(struct side *s, uint32_t code, union addr *u, socklen_t *len)
{
	long nr = __NR_getsockname;

	memset(u, 0, sizeof(*u));
	switch (KIND(code)) {
	case SLOT_PEER:
		nr = __NR_getpeername;
		/* FALLTHROUGH */
	case SLOT_NAME:
		*len = sizeof(*u);
		if (CALL(s, nr, arg_fd(s, WHICH(code)), u, len) == -1)
			*len = sizeof(u->in);
		break;
	case INET:
		u->in.sin_family = AF_INET;
		inet_pton(AF_INET, hosts[WHICH(code)], &u->in.sin_addr);
		u->in.sin_port = htons((uint16_t)port_of(s, code));
		*len = sizeof(u->in);
		break;
	case INET6:
		u->in6.sin6_family = AF_INET6;
		inet_pton(AF_INET6, hosts6[WHICH(code)], &u->in6.sin6_addr);
		u->in6.sin6_port = htons((uint16_t)port_of(s, code));
		if (PORT(code) & 8)
			u->in6.sin6_scope_id = 1;
		*len = sizeof(u->in6);
		break;
	case PATHNAME:
	case ABSTRACT:
		*len = make_unix(s, code, &u->un);
		break;
	default:
		return make_odd(s, code, u, len);
	}
	return u;
}

/*
 * A port that was chosen for a UDP socket: whether TCP has it is chance.  (It
 * may have it for some time after the rounds before, on rump.)
 */
bool
port_untold(struct side *s, int fd, uint32_t code)
{
	return KIND(code) <= SLOT_PEER && fd_istcp(s, fd) &&
	    !fd_istcp(s, arg_fd(s, WHICH(code)));
}

void
addr_print(FILE *f, uint32_t code)
{
	static const char *const ports[] = { "p0", "p1", "p2", "p3", "p4" };
	const char *port = PORT(code) < NPORT ? ports[PORT(code)] :
	    PORT(code) == 14                  ? "65535" :
						"0";

	switch (KIND(code)) {
	case SLOT_NAME:
	case SLOT_PEER:
		fprintf(f, "%s of fd%u",
		    KIND(code) == SLOT_NAME ? "name" : "peer", WHICH(code));
		break;
	case INET:
		fprintf(f, "%s:%s", hosts[WHICH(code)], port);
		break;
	case INET6:
		fprintf(f, "[%s%s]:%s", hosts6[WHICH(code)],
		    PORT(code) & 8 ? "%1" : "", port);
		break;
	case PATHNAME:
		fprintf(f, "\"@/%c\"%s", 'a' + (int)(PORT(code) % NNAME),
		    WHICH(code) == 9      ? " without end" :
			WHICH(code) == 10 ? " and more" :
					    "");
		break;
	case ABSTRACT:
		fprintf(f, "\"\\0%c%s\"", 'a' + (int)(PORT(code) % NNAME),
		    WHICH(code) == 9 ? "\\0\\0" : "");
		break;
	default:
		fprintf(f, "%s:%s", odds[WHICH(code)], port);
	}
}

static void
put_port(struct side *s, uint16_t netport)
{
	int port = ntohs(netport);

	if (port == 0 || port == 65535)
		put(s, ":%d", port);
	else if (port >= s->port && port < s->port + NPORT)
		put(s, ":p%d", port - s->port);
	else
		put(s, ":chosen");
}

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
put_unix(struct side *s, const struct sockaddr_un *un, size_t len, size_t all)
{
	char id[16];
	size_t i = 0;

	snprintf(id, sizeof(id), "%cf%08d", 'n' + s->index, s->id);
	put(s, "unix/%zu:", len);
	if (len != 0 &&
	    memcmp(un->sun_path, s->root, min(len, s->rootlen)) == 0) {
		put(s, "@");
		i = min(len, s->rootlen);
	} else if (len > 1 && un->sun_path[0] == '\0' &&
	    memcmp(un->sun_path + 1, id, min(len - 1, 10)) == 0) {
		put(s, "\\0");
		i = min(len, 11);
	} else if (all == 6 && len != 0 && un->sun_path[0] == '\0') {
		for (i = 1;
		     i < len && isxdigit((unsigned char)un->sun_path[i]);)
			i++;
		put(s, i == len ? "auto" : "not a number: ");
		i = i == len ? len : 0;
	}
	for (; i < len; i++)
		put(s, isgraph((unsigned char)un->sun_path[i]) ? "%c" : "\\%d",
		    un->sun_path[i]);
}

/* An address that a call gave: of room bytes, len are said to be there. */
void
addr_put(struct side *s, const char *what, const union addr *u, socklen_t len,
    socklen_t room)
{
	socklen_t all = len;
	char text[64];

	put(s, " %s=%d", what, (int)len);
	if (len > sizeof(*u) || len < 2 || room < 2)
		return;
	if (len > room)
		len = room;
	put(s, "<");
	switch (u->sa.sa_family) {
	case AF_INET:
		if (len >= 8) {
			inet_ntop(AF_INET, &u->in.sin_addr, text, sizeof(text));
			put(s, "%s", text);
		}
		if (len >= 4)
			put_port(s, u->in.sin_port);
		break;
	case AF_INET6:
		if (len >= 24) {
			inet_ntop(AF_INET6, &u->in6.sin6_addr, text,
			    sizeof(text));
			put(s, "[%s]", text);
		}
		if (len >= 28)
			put(s, "%%%u/%u", u->in6.sin6_scope_id,
			    u->in6.sin6_flowinfo);
		if (len >= 4)
			put_port(s, u->in6.sin6_port);
		break;
	case AF_UNIX:
		put_unix(s, &u->un, len - 2, all - 2);
		break;
	default:
		put(s, "family %d", u->sa.sa_family);
	}
	put(s, ">");
}
