/* SPDX-License-Identifier: BSD-2-Clause */
/* The argument codes of fsfuzz made into values: flags, buffers, paths. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <linux/falloc.h>
#include <time.h>
#include <unistd.h>

#include "fsfuzz.h"

#ifndef RWF_APPEND
#define RWF_APPEND 0x10
#endif

static char *inpool; /* random bytes, then a guard page */
static char *guard;  /* a PROT_NONE page after a good one */
static char *readonly;
/* So low that the host places nothing there: it stays unmapped. */
static char *const unmapped = (char *)0x8000;
char *outpool;

void
buffers_init(void)
{
	inpool = guarded(POOL);
	randomize(inpool, POOL);
	outpool = guarded(POOL);
	guard = guarded(PAGE) + PAGE;
	readonly = guarded(PAGE);
	mprotect(readonly, PAGE, PROT_READ);
}

/* The descriptor a code stands for: a slot of the side, or a bad one. */
int
arg_fd(struct side *s, uint32_t code)
{
	static const int bad[] = { -1, 9999, INT_MAX, -7 };

	return code < NSLOT ? s->fd[code] : bad[code & 3];
}

#define OFLAG(bit, flag) (code & (1U << (bit)) ? (flag) : 0)

const char *const oflag_names[] = { "O_CREAT", "O_EXCL", "O_TRUNC", "O_APPEND",
	"O_NONBLOCK", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_PATH",
	"O_TMPFILE", "O_NOATIME", "O_DSYNC", "O_DIRECT", "O_SYNC", "O_NOCTTY",
	"1<<30", NULL };

int
arg_oflags(uint32_t code)
{
	return (int)(code & 3) | OFLAG(2, O_CREAT) | OFLAG(3, O_EXCL) |
	    OFLAG(4, O_TRUNC) | OFLAG(5, O_APPEND) | OFLAG(6, O_NONBLOCK) |
	    OFLAG(7, O_DIRECTORY) | OFLAG(8, O_NOFOLLOW) | OFLAG(9, O_CLOEXEC) |
	    OFLAG(10, O_PATH) | OFLAG(11, O_TMPFILE) | OFLAG(12, O_NOATIME) |
	    OFLAG(13, O_DSYNC) | OFLAG(14, O_DIRECT) | OFLAG(15, O_SYNC) |
	    OFLAG(16, O_NOCTTY) | OFLAG(17, 1 << 30);
}

uint64_t
arg_offset(uint32_t code)
{
	static const uint64_t base[] = { 0, 0, 1, 100, 511, 4095, 4096, 4097,
		8192, 12288, 16384, 50000, 65536, 131072, 1 << 20, 1ULL << 32,
		1ULL << 40, INT64_MAX - 1, (uint64_t)INT64_MAX, (uint64_t)-1,
		(uint64_t)-4096, (uint64_t)INT64_MIN };
	uint32_t n = sizeof(base) / sizeof(base[0]);

	/* Codes past the table are plain offsets. */
	return code < n ? base[code] : code - n;
}

size_t
arg_length(uint32_t code)
{
	static const size_t base[] = { 0, 1, 2, 3, 7, 100, 511, 512, 1000, 4095,
		4096, 4097, 5000, 8192, 10000, 16384, 65536, 70000, SIZE_MAX,
		(size_t)1 << 63, (size_t)SSIZE_MAX + 1 };
	uint32_t n = sizeof(base) / sizeof(base[0]);

	return code < n ? base[code] : code - n;
}

int
arg_mode(uint32_t code)
{
	static const int modes[] = { 0644, 0600, 0755, 0777, 0666, 0, 0400,
		0200, 0100, 0070, 0007, 01777, 02755, 04755, 06777, 02640,
		07777, 0170644, 010000000 };

	return modes[code % (sizeof(modes) / sizeof(modes[0]))];
}

int
arg_whence(uint32_t code)
{
	static const int whence[] = { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA,
		SEEK_HOLE, 7, -1 };

	return whence[code % 7];
}

int
arg_atflags(uint32_t code)
{
	static const int flags[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH,
		AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, AT_SYMLINK_FOLLOW,
		AT_REMOVEDIR, AT_NO_AUTOMOUNT, AT_EACCESS, 0x80000,
		AT_REMOVEDIR | AT_SYMLINK_FOLLOW, -1 };

	return flags[code % 12];
}

int
arg_fallocate(uint32_t code)
{
	/* ZERO_RANGE is not here: the host's tmpfs refuses it, rump does it. */
	static const int modes[] = { 0, FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE, 0,
		FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, 0x1000, -1 };

	return modes[code % 10];
}

int
arg_rwf(uint32_t code)
{
	static const int flags[] = { 0, 0, RWF_APPEND, RWF_DSYNC, RWF_SYNC,
		RWF_HIPRI, RWF_APPEND | RWF_SYNC, 0x40000000 };

	return flags[code % 8];
}

unsigned
arg_statx(uint32_t code)
{
	static const unsigned masks[] = { STATX_BASIC_STATS, STATX_ALL, 0,
		STATX_SIZE, STATX_MODE, STATX_NLINK | STATX_INO,
		STATX__RESERVED, ~0U };

	return masks[code % 8];
}

int
arg_id(uint32_t code)
{
	static const int ids[] = { -1, 0, 1001, 1002, 65534, 1001, 7 };

	return ids[code % 7];
}

void
arg_time(uint32_t code, struct timespec *ts)
{
	static const struct timespec times[] = { { 0, UTIME_NOW },
		{ 0, UTIME_OMIT }, { 1234567890, 123456789 }, { 0, 0 },
		{ -1, 5 }, { 4000000000, 999999999 }, { 5, 1000000000 },
		{ 5, -1 }, { 99, UTIME_NOW } };

	*ts = times[code % 9];
}

const char *
arg_xattr(uint32_t code)
{
	static char toolong[300];
	static const char *const names[] = { "user.a", "user.a", "user.b",
		"trusted.t", "security.s", "user.", "bogus", "",
		"system.nothing", "user.a.b.c", "bogus.name", toolong };

	if (toolong[0] == '\0') {
		memset(toolong, 'n', sizeof(toolong) - 1);
		memcpy(toolong, "user.", 5);
	}
	return names[code % 12];
}

/* A buffer in a pool of len bytes; the low byte says how bad it is. */
static char *
buffer(uint32_t code, char *pool, size_t len)
{
	switch (code & 0xff) {
	case 1:
		return NULL;
	case 2:
		return (char *)8;
	case 3:
		return unmapped;
	case 4:
		return guard;
	case 5:
		return (char *)0x8000000000000000UL;
	default:
		return pool + (code >> 8) % len;
	}
}

/* A buffer to write from. */
char *
arg_in(uint32_t code)
{
	return buffer(code, inpool, POOL - MAXIO);
}

/* A buffer to read into; the read-only page is one more way to be bad. */
char *
arg_out(uint32_t code)
{
	return (code & 0xff) == 6 ? readonly :
				    buffer(code, outpool, POOL - MAXIO - PAGE);
}

/* Make a path of exactly len bytes that means the same as base. */
static void
stretch(char *buf, const char *base, size_t rootlen, size_t len)
{
	size_t have = strlen(base), n = len - have, i;

	memcpy(buf, base, rootlen);
	for (i = 0; i < n; i++)
		buf[rootlen + i] = i % 2 == 0 ? '/' : '.';
	if (n % 2 == 1)
		buf[rootlen + n - 1] = '/';
	strcpy(buf + rootlen + n, base + rootlen);
}

/* A path's text for a side; buf holds 8 KiB. */
char *
arg_path(struct side *s, const struct path *p, char *buf)
{
	char base[512];
	bool absolute = p->how == HOW_ABS || p->how == HOW_ATABS;

	switch (p->odd) {
	case ODD_NULL:
		return NULL;
	case ODD_EIGHT:
		return (char *)8;
	case ODD_UNMAPPED:
		return unmapped;
	case ODD_PROTNONE:
		return guard;
	case ODD_UNTERMINATED:
		memcpy(guard - 8, "aaaaaaaa", 8);
		return guard - 8;
	case ODD_EMPTY:
		buf[0] = '\0';
		return buf;
	case ODD_PATH4095:
	case ODD_PATH4096:
		snprintf(base, sizeof(base), "%s/%s", s->root, p->rel);
		stretch(buf, base, s->rootlen,
		    p->odd == ODD_PATH4095 ? 4095 : 4096);
		return buf;
	case ODD_NAME255:
	case ODD_NAME256:
		snprintf(buf, 4096, "%s%s%s/%0*d", absolute ? s->root : ".",
		    p->rel[0] == '\0' ? "" : "/", p->rel,
		    p->odd == ODD_NAME255 ? 255 : 256, 0);
		return buf;
	}
	if (absolute)
		snprintf(buf, 4096, "%s%s%s", s->root,
		    p->rel[0] == '\0' ? "" : "/", p->rel);
	else
		snprintf(buf, 4096, "%s", p->rel);
	return buf;
}

bool
arg_isat(const struct path *p)
{
	return p->how == HOW_AT || p->how == HOW_ATABS;
}

int
arg_dirfd(struct side *s, const struct path *p)
{
	return arg_isat(p) ? arg_fd(s, p->dir) : AT_FDCWD;
}
