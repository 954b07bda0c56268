/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of fsfuzz that work on names. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/openat2.h>

#include "fsfuzz.h"
#include "fsfuzz_ops.h"

#define A(i)     (o->arg[i])
#define AT(i)    arg_isat(&o->path[i])
#define DIRFD(i) arg_dirfd(s, &o->path[i])

/* Scratch space for the paths of one call. */
static char pathbuf[2][8192];

#define PATH(i) arg_path(s, &o->path[i], pathbuf[i])

/* Opening a FIFO may wait and a device may do anything: keep off both. */
static int
safe_oflags(struct side *s, const struct op *o, int flags)
{
	struct stat st;

	if (fstatat(DIRFD(0), PATH(0), &st, 0) == -1)
		return flags;
	if (S_ISFIFO(st.st_mode))
		flags |= O_NONBLOCK;
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		flags |= O_PATH;
	return flags;
}

static long
into_slot(struct side *s, uint32_t slot, int fd)
{
	int error = errno;

	if (fd_into_slot(s, slot, fd) == -1)
		return -1;
	put(s, " opened");
	look_fd(s, fd);
	errno = error;
	return 0;
}

long
op_open(struct side *s, const struct op *o)
{
	int flags = safe_oflags(s, o, arg_oflags(A(0)));
	mode_t mode = (mode_t)arg_mode(A(1));

	return into_slot(s, A(2),
	    AT(0) ? openat(DIRFD(0), PATH(0), flags, mode) :
		    open(PATH(0), flags, mode));
}

long
op_creat(struct side *s, const struct op *o)
{
	struct stat st;

	if (stat(PATH(0), &st) == 0 && !S_ISREG(st.st_mode) &&
	    !S_ISDIR(st.st_mode))
		return 0;
	return into_slot(s, A(1), creat(PATH(0), (mode_t)arg_mode(A(0))));
}

long
op_openat2(struct side *s, const struct op *o)
{
	static const uint64_t resolve[] = { 0, RESOLVE_BENEATH, RESOLVE_IN_ROOT,
		RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_XDEV,
		RESOLVE_BENEATH | RESOLVE_IN_ROOT, 1 << 20 };
	struct open_how how = { 0 };
	size_t size = sizeof(how);

	how.flags = (uint64_t)(unsigned)safe_oflags(s, o, arg_oflags(A(0)));
	if (how.flags & (O_CREAT | O_TMPFILE) || (A(3) & 8))
		how.mode = (uint64_t)arg_mode(A(1));
	how.resolve = resolve[A(3) % 8];
	/* From "/" the way to rump crosses a mount: so must the host's. */
	if (how.resolve == RESOLVE_NO_XDEV && !rules.mounted &&
	    (o->path[0].how == HOW_ABS || o->path[0].how == HOW_ATABS ||
		o->path[0].odd == ODD_PATH4095))
		how.resolve = 0;
	if (A(3) == 15)
		size = 8;
	return into_slot(s, A(2),
	    (int)syscall(SYS_openat2, DIRFD(0), PATH(0),
		A(3) == 14 ? (void *)8 : (void *)&how, size));
}

/* An unnamed file, and, when it worked, perhaps a name for it. */
long
op_tmpfile(struct side *s, const struct op *o)
{
	int fd, r,
	    flags = (arg_oflags(A(0)) & O_EXCL) | O_TMPFILE |
	    (A(0) & 1 ? O_RDWR : O_WRONLY);
	char link[64];

	fd = openat(DIRFD(0), PATH(0), flags, (mode_t)arg_mode(A(1)));
	if (fd == -1)
		return -1;
	into_slot(s, A(2), fd);
	if (A(3) & 1) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		r = linkat(AT_FDCWD, link, DIRFD(1), PATH(1),
		    AT_SYMLINK_FOLLOW);
		put(s, " link=%s", r == 0 ? "0" : errname(errno));
	} else if (A(3) & 2) {
		r = linkat(fd, "", DIRFD(1), PATH(1), AT_EMPTY_PATH);
		put(s, " linkempty=%s", r == 0 ? "0" : errname(errno));
	}
	return 0;
}

long
op_truncate(struct side *s, const struct op *o)
{
	return truncate(PATH(0), (off_t)arg_offset(A(0)));
}

static void
put_size(struct side *s, const struct stat *st)
{
	put(s, " mode=%o size=%lld", st->st_mode,
	    S_ISDIR(st->st_mode) ? 0LL : (long long)st->st_size);
}

long
op_stat_calls(struct side *s, const struct op *o)
{
	struct stat st;
	int r;

	if (A(0) == 15)
		r = stat(PATH(0), (struct stat *)arg_out(5));
	else if (A(0) & 1)
		r = stat(PATH(0), &st);
	else
		r = lstat(PATH(0), &st);
	if (r == 0)
		put_size(s, &st);
	return r;
}

long
op_fstatat(struct side *s, const struct op *o)
{
	struct stat st;
	int r = fstatat(DIRFD(0), PATH(0), &st, arg_atflags(A(0)));

	if (r == 0)
		put_size(s, &st);
	return r;
}

long
op_statx(struct side *s, const struct op *o)
{
	struct statx stx = { 0 };
	const unsigned basic = STATX_BASIC_STATS | STATX_BTIME;
	int r = statx(DIRFD(0), PATH(0), arg_atflags(A(0)), arg_statx(A(1)),
	    &stx);

	if (r == 0)
		put(s,
		    " mask=%x mode=%o size=%lld nlink=%u attr=%llx "
		    "btime=%d",
		    stx.stx_mask & basic, stx.stx_mode,
		    S_ISDIR(stx.stx_mode) ? 0LL : (long long)stx.stx_size,
		    stx.stx_nlink, (unsigned long long)stx.stx_attributes,
		    stx.stx_btime.tv_sec > 0);
	return r;
}

long
op_access(struct side *s, const struct op *o)
{
	return AT(0) ? faccessat(DIRFD(0), PATH(0), (int)A(0), 0) :
		       access(PATH(0), (int)A(0));
}

long
op_faccessat2(struct side *s, const struct op *o)
{
	return syscall(SYS_faccessat2, DIRFD(0), PATH(0), (int)A(1),
	    arg_atflags(A(0)));
}

long
op_chmod(struct side *s, const struct op *o)
{
	mode_t mode = (mode_t)arg_mode(A(0));

	if (opt.inject != NULL && s->index == 1)
		mode &= ~(mode_t)0001;
	return AT(0) ? fchmodat(DIRFD(0), PATH(0), mode, 0) :
		       chmod(PATH(0), mode);
}

long
op_fchmodat(struct side *s, const struct op *o)
{
	return fchmodat(DIRFD(0), PATH(0), (mode_t)arg_mode(A(0)),
	    arg_atflags(A(1)));
}

long
op_chown(struct side *s, const struct op *o)
{
	return chown(PATH(0), (uid_t)arg_id(A(0)), (gid_t)arg_id(A(1)));
}

long
op_lchown(struct side *s, const struct op *o)
{
	return lchown(PATH(0), (uid_t)arg_id(A(0)), (gid_t)arg_id(A(1)));
}

long
op_fchownat(struct side *s, const struct op *o)
{
	return fchownat(DIRFD(0), PATH(0), (uid_t)arg_id(A(0)),
	    (gid_t)arg_id(A(1)), arg_atflags(A(2)));
}

long
op_utimensat(struct side *s, const struct op *o)
{
	struct timespec ts[2];

	arg_time(A(0), &ts[0]);
	arg_time(A(1), &ts[1]);
	return utimensat(DIRFD(0), PATH(0), A(0) == 15 ? NULL : ts,
	    arg_atflags(A(2)));
}

long
op_mkdir(struct side *s, const struct op *o)
{
	mode_t mode = (mode_t)arg_mode(A(0));

	return AT(0) ? mkdirat(DIRFD(0), PATH(0), mode) : mkdir(PATH(0), mode);
}

long
op_rmdir(struct side *s, const struct op *o)
{
	return AT(0) ? unlinkat(DIRFD(0), PATH(0), AT_REMOVEDIR) :
		       rmdir(PATH(0));
}

long
op_unlink(struct side *s, const struct op *o)
{
	return AT(0) ? unlinkat(DIRFD(0), PATH(0), 0) : unlink(PATH(0));
}

long
op_unlinkat(struct side *s, const struct op *o)
{
	return unlinkat(DIRFD(0), PATH(0), arg_atflags(A(0)));
}

long
op_link(struct side *s, const struct op *o)
{
	return AT(0) || AT(1) ?
	    linkat(DIRFD(0), PATH(0), DIRFD(1), PATH(1), 0) :
	    link(PATH(0), PATH(1));
}

long
op_linkat(struct side *s, const struct op *o)
{
	/* Older hosts let no other user use AT_EMPTY_PATH at all. */
	if (o->as != 0 && AT(0) && arg_atflags(A(0)) & AT_EMPTY_PATH &&
	    !rules.linkbycred)
		return fd_skipped(s);
	return linkat(DIRFD(0), PATH(0), DIRFD(1), PATH(1), arg_atflags(A(0)));
}

/* The first path is the target: only its text counts. */
long
op_symlink(struct side *s, const struct op *o)
{
	static char longtarget[5000];
	const char *target = PATH(0);

	if (A(0) == 15) {
		memset(longtarget, 't', 4095);
		target = longtarget;
	} else if (A(0) == 14) {
		target = "loop/../e";
	}
	return AT(1) ? symlinkat(target, DIRFD(1), PATH(1)) :
		       symlink(target, PATH(1));
}

long
op_readlink(struct side *s, const struct op *o)
{
	static const size_t sizes[] = { 4096, 4096, 1, 5, 0, (size_t)-1 };
	char *buf = arg_out(A(0));
	ssize_t n;

	n = readlinkat(DIRFD(0), PATH(0), buf, sizes[A(1) % 6]);
	if (n <= 0)
		return n;
	if ((size_t)n > s->rootlen && memcmp(buf, s->root, s->rootlen) == 0)
		put(s, " @%.*s", (int)((size_t)n - s->rootlen),
		    buf + s->rootlen);
	else if (buf[0] != '/')
		put(s, " %.*s", n > 100 ? 100 : (int)n, buf);
	return n;
}

long
op_rename(struct side *s, const struct op *o)
{
	return AT(0) || AT(1) ? renameat(DIRFD(0), PATH(0), DIRFD(1), PATH(1)) :
				rename(PATH(0), PATH(1));
}

long
op_renameat2(struct side *s, const struct op *o)
{
	static const unsigned flags[] = { RENAME_NOREPLACE, RENAME_EXCHANGE, 0,
		RENAME_NOREPLACE, RENAME_EXCHANGE,
		RENAME_NOREPLACE | RENAME_EXCHANGE, 0x100, RENAME_WHITEOUT,
		RENAME_WHITEOUT | RENAME_NOREPLACE,
		RENAME_WHITEOUT | RENAME_EXCHANGE };

	return renameat2(DIRFD(0), PATH(0), DIRFD(1), PATH(1),
	    flags[A(0) % 10]);
}

long
op_mknod(struct side *s, const struct op *o)
{
	static const mode_t types[] = { S_IFREG, S_IFIFO, 0, S_IFCHR, S_IFBLK,
		S_IFDIR, S_IFLNK, S_IFSOCK };
	mode_t mode = types[A(1) % 8] | ((mode_t)arg_mode(A(0)) & 07777);

	return mknodat(DIRFD(0), PATH(0), mode, makedev(1, 3));
}

long
op_mkfifo(struct side *s, const struct op *o)
{
	return mkfifoat(DIRFD(0), PATH(0), (mode_t)arg_mode(A(0)));
}

/* The mask belongs to the process: the second side's call finds the old. */
long
op_umask(struct side *s, const struct op *o)
{
	mode_t mask = (mode_t)arg_mode(A(0)), old = umask(mask);

	if (s->index == 0)
		umask(old);
	return old;
}

long
op_statfs(struct side *s, const struct op *o)
{
	struct statfs fs;
	int r = statfs(PATH(0), &fs);

	if (r == 0)
		put(s, " namelen=%ld bsize=%ld", (long)fs.f_namelen,
		    (long)fs.f_bsize);
	return r;
}

static size_t
value_length(uint32_t code)
{
	return code == 0 ? 0 :
	    code == 1    ? 65536 :
	    code == 2    ? 65537 :
			   code % 300;
}

long
op_setxattr(struct side *s, const struct op *o)
{
	static const int flags[] = { 0, 0, XATTR_CREATE, XATTR_REPLACE, 8 };

	return (A(3) & 8 ? lsetxattr : setxattr)(PATH(0), arg_xattr(A(0)),
	    arg_in(A(1)), value_length(A(2)), flags[A(3) % 5]);
}

long
op_getxattr(struct side *s, const struct op *o)
{
	char *buf = arg_out(A(1));
	ssize_t n = getxattr(PATH(0), arg_xattr(A(0)), buf, value_length(A(2)));

	if (n > 0 && A(2) != 0)
		put(s, " %016llx", (unsigned long long)hash(buf, (size_t)n));
	return n;
}

long
op_listxattr(struct side *s, const struct op *o)
{
	return (A(1) & 1 ? listxattr : llistxattr)(PATH(0), arg_out(A(0)),
	    value_length(A(1)));
}

long
op_removexattr(struct side *s, const struct op *o)
{
	return removexattr(PATH(0), arg_xattr(A(0)));
}

/* Through the C library: buffered writing and reading back. */
long
op_stdio(struct side *s, const struct op *o)
{
	static const char *const modes[] = { "w", "a", "r+", "w+", "wx", "re" };
	char line[128];
	struct stat st;
	FILE *f;
	int i;

	if (stat(PATH(0), &st) == 0 && !S_ISREG(st.st_mode) &&
	    !S_ISDIR(st.st_mode))
		return 0;
	f = fopen(PATH(0), modes[A(2) % 6]);
	if (f == NULL)
		return -1;
	for (i = 0; i < (int)(A(1) % 50); i++)
		fprintf(f, "line %d of a file\n", i);
	rewind(f);
	for (i = 0; fgets(line, sizeof(line), f) != NULL && i < 1000; i++)
		continue;
	put(s, " lines=%d at=%ld", i, ftell(f));
	return fclose(f);
}
