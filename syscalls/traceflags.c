/* SPDX-License-Identifier: BSD-2-Clause */
/* The tracer's words for flags, modes and commands. */
#include "syscalls/tracebuf.h"

#include "syscalls/sysnum.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The name is in the table itself: no address to relocate at start-up. */
struct word {
	unsigned long w_value;
	char w_name[24];
};

#define W(name)             \
	{                   \
		name, #name \
	}

/* A flag of several bits stands before those it includes. */
static const struct word oflags[] = {
	W(O_CREAT),
	W(O_EXCL),
	W(O_NOCTTY),
	W(O_TRUNC),
	W(O_APPEND),
	W(O_NONBLOCK),
	W(O_SYNC),
	W(O_DSYNC),
	W(O_ASYNC),
	W(O_DIRECT),
	{ 0100000, "O_LARGEFILE" },
	W(O_TMPFILE),
	W(O_DIRECTORY),
	W(O_NOFOLLOW),
	W(O_NOATIME),
	W(O_CLOEXEC),
	W(O_PATH),
};

static const struct word atflags[] = {
	W(AT_SYMLINK_NOFOLLOW),
	W(AT_SYMLINK_FOLLOW),
	W(AT_NO_AUTOMOUNT),
	W(AT_EMPTY_PATH),
	W(AT_STATX_FORCE_SYNC),
	W(AT_STATX_DONT_SYNC),
	W(AT_RECURSIVE),
};

static const struct word accmodes[] = {
	W(R_OK),
	W(W_OK),
	W(X_OK),
};

static const struct word filetypes[] = {
	W(S_IFSOCK),
	W(S_IFLNK),
	W(S_IFREG),
	W(S_IFBLK),
	W(S_IFDIR),
	W(S_IFCHR),
	W(S_IFIFO),
};

static const struct word whences[] = {
	W(SEEK_SET),
	W(SEEK_CUR),
	W(SEEK_END),
	W(SEEK_DATA),
	W(SEEK_HOLE),
};

static const struct word flocks[] = {
	W(LOCK_SH),
	W(LOCK_EX),
	W(LOCK_UN),
	W(LOCK_NB),
};

static const struct word fcntls[] = {
	W(F_DUPFD),
	W(F_DUPFD_CLOEXEC),
	W(F_GETFD),
	W(F_SETFD),
	W(F_GETFL),
	W(F_SETFL),
	W(F_GETLK),
	W(F_SETLK),
	W(F_SETLKW),
	W(F_OFD_GETLK),
	W(F_OFD_SETLK),
	W(F_OFD_SETLKW),
	W(F_SETOWN),
	W(F_GETOWN),
	W(F_SETOWN_EX),
	W(F_GETOWN_EX),
	W(F_SETSIG),
	W(F_GETSIG),
	W(F_SETLEASE),
	W(F_GETLEASE),
	W(F_NOTIFY),
	W(F_SETPIPE_SZ),
	W(F_GETPIPE_SZ),
	W(F_ADD_SEALS),
	W(F_GET_SEALS),
	W(F_GET_RW_HINT),
	W(F_SET_RW_HINT),
	W(F_GET_FILE_RW_HINT),
	W(F_SET_FILE_RW_HINT),
};

static const struct word ioctls[] = {
	W(FIONREAD),
	W(FIONBIO),
	W(FIOCLEX),
	W(FIONCLEX),
	W(FIOASYNC),
	W(FIOQSIZE),
	W(TCGETS),
	W(TCSETS),
	W(TCSETSW),
	W(TCSETSF),
	W(TIOCGWINSZ),
	W(TIOCSWINSZ),
	W(TIOCGPGRP),
	W(TIOCSPGRP),
	W(TIOCSCTTY),
	W(TIOCNOTTY),
	W(TIOCGPTN),
	W(TIOCSPTLCK),
	{ 0x40049409, "FICLONE" },
	{ 0x4020940d, "FICLONERANGE" },
	{ 0x80086601, "FS_IOC_GETFLAGS" },
	{ 0x40086602, "FS_IOC_SETFLAGS" },
	{ 0xc020660b, "FS_IOC_FIEMAP" },
};

static const struct word fdflags[] = {
	W(FD_CLOEXEC),
};

static const struct word locktypes[] = {
	W(F_RDLCK),
	W(F_WRLCK),
	W(F_UNLCK),
};

static const struct word pollevents[] = {
	W(POLLIN),
	W(POLLPRI),
	W(POLLOUT),
	W(POLLERR),
	W(POLLHUP),
	W(POLLNVAL),
	W(POLLRDNORM),
	W(POLLWRNORM),
	W(POLLRDHUP),
};

static const struct word *
find(const struct word *w, size_t n, unsigned long v)
{
	for (; n > 0; n--, w++)
		if (w->w_value == v)
			return w;
	return NULL;
}

/*
 * The words of v after `first', joined by bars; what has no name in hex; 0
 * if there is nothing at all.
 */
static void
put_flags(struct tracebuf *tb, const char *first, const struct word *w,
    size_t n, unsigned long v)
{
	bool any = *first != '\0';

	tb_str(tb, first);
	for (; n > 0; n--, w++) {
		if (w->w_value == 0 || (v & w->w_value) != w->w_value)
			continue;
		if (any)
			tb_char(tb, '|');
		tb_str(tb, w->w_name);
		any = true;
		v &= ~w->w_value;
	}
	if (v == 0 && any)
		return;
	if (any)
		tb_char(tb, '|');
	tb_hex(tb, v);
}

static void
put_word(struct tracebuf *tb, const struct word *w, size_t n, unsigned long v)
{
	w = find(w, n, v);
	if (w != NULL)
		tb_str(tb, w->w_name);
	else
		tb_hex(tb, v);
}

void
tb_oflags(struct tracebuf *tb, unsigned long v)
{
	static const char names[4][12] = { "O_RDONLY", "O_WRONLY", "O_RDWR",
		"O_ACCMODE" };

	put_flags(tb, names[v & O_ACCMODE], oflags, nelem(oflags),
	    v & ~(unsigned long)O_ACCMODE);
}

void
tb_newfdflags(struct tracebuf *tb, unsigned long v)
{
	put_flags(tb, "", oflags, nelem(oflags), v);
}

void
tb_atflags(struct tracebuf *tb, int rsys, unsigned long v)
{
	const char *first = "";

	/* One bit, two meanings. */
	if ((v & AT_REMOVEDIR) != 0) {
		v &= ~(unsigned long)AT_REMOVEDIR;
		first = rsys == RSYS_unlinkat ? "AT_REMOVEDIR" :
		    rsys == RSYS_faccessat2   ? "AT_EACCESS" :
						"0x200";
	}
	put_flags(tb, first, atflags, nelem(atflags), v);
}

void
tb_accmode(struct tracebuf *tb, unsigned long v)
{
	if (v == F_OK)
		tb_str(tb, "F_OK");
	else
		put_flags(tb, "", accmodes, nelem(accmodes), v);
}

void
tb_mode(struct tracebuf *tb, unsigned long v)
{
	const struct word *w;

	w = find(filetypes, nelem(filetypes), v & S_IFMT);
	if (w != NULL) {
		tb_str(tb, w->w_name);
		tb_char(tb, '|');
		v &= ~(unsigned long)S_IFMT;
	}
	/* Modes have three digits. */
	if (v < 0100)
		tb_char(tb, '0');
	if (v < 010)
		tb_char(tb, '0');
	tb_octal(tb, v);
}

void
tb_whence(struct tracebuf *tb, long v)
{
	put_word(tb, whences, nelem(whences), (unsigned long)v);
}

void
tb_flock(struct tracebuf *tb, unsigned long v)
{
	put_flags(tb, "", flocks, nelem(flocks), v);
}

void
tb_fcntl(struct tracebuf *tb, long v)
{
	put_word(tb, fcntls, nelem(fcntls), (unsigned long)v);
}

void
tb_ioctl(struct tracebuf *tb, unsigned long v)
{
	put_word(tb, ioctls, nelem(ioctls), v);
}

void
tb_fdflags(struct tracebuf *tb, unsigned long v)
{
	put_flags(tb, "", fdflags, nelem(fdflags), v);
}

void
tb_locktype(struct tracebuf *tb, long v)
{
	put_word(tb, locktypes, nelem(locktypes), (unsigned long)v);
}

void
tb_pollevents(struct tracebuf *tb, unsigned long v)
{
	put_flags(tb, "", pollevents, nelem(pollevents), v);
}
