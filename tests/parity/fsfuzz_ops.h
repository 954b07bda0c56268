/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls fsfuzz makes, one row a call: name, weight, arguments, function.
 *
 * A letter of the arguments names a kind; fsfuzz_gen.c picks and prints it:
 * p path, f descriptor, s slot for a new descriptor, O open flags, m mode,
 * o offset, n length, v value length, b buffer to read from, B buffer to
 * fill, w whence, A at-flags, u id, t time, x xattr name, S statx mask,
 * F fallocate mode, R preadv2 flags, i small number.  Paths are numbered
 * apart from the rest.
 */

#define FSFUZZ_OPS(X)                    \
	X(open, 110, "pOms")             \
	X(creat, 12, "pms")              \
	X(openat2, 12, "pOmsi")          \
	X(tmpfile, 6, "pOmspi")          \
	X(close, 16, "f")                \
	X(dup, 10, "fsi")                \
	X(dup2, 8, "ffi")                \
	X(getset_fd, 8, "fi")            \
	X(getset_fl, 10, "fi")           \
	X(hint, 4, "fi")                 \
	X(read, 40, "fBn")               \
	X(pread, 24, "fBno")             \
	X(readv, 12, "fBni")             \
	X(preadv2, 10, "fBnoR")          \
	X(write, 60, "fbn")              \
	X(pwrite, 34, "fbno")            \
	X(writev, 14, "fbni")            \
	X(pwritev2, 14, "fbnoR")         \
	X(lseek, 34, "fow")              \
	X(ftruncate, 18, "fo")           \
	X(truncate, 18, "po")            \
	X(fallocate, 18, "fFoo")         \
	X(sync_calls, 8, "fi")           \
	X(fadvise, 3, "fooi")            \
	X(stat_calls, 24, "pi")          \
	X(fstat, 10, "f")                \
	X(fstatat, 18, "pA")             \
	X(statx, 14, "pAS")              \
	X(access, 18, "pi")              \
	X(faccessat2, 14, "pAi")         \
	X(chmod, 22, "pm")               \
	X(fchmod, 10, "fm")              \
	X(fchmodat, 6, "pmA")            \
	X(chown, 14, "puu")              \
	X(lchown, 6, "puu")              \
	X(fchown, 8, "fuu")              \
	X(fchownat, 8, "puuA")           \
	X(utimensat, 18, "pttA")         \
	X(futimens, 8, "ftt")            \
	X(mkdir, 76, "pm")               \
	X(rmdir, 16, "p")                \
	X(unlink, 26, "p")               \
	X(unlinkat, 10, "pA")            \
	X(link, 22, "pp")                \
	X(linkat, 12, "ppA")             \
	X(symlink, 26, "ppi")            \
	X(readlink, 16, "pBi")           \
	X(rename, 34, "pp")              \
	X(renameat2, 22, "ppi")          \
	X(mknod, 12, "pmi")              \
	X(mkfifo, 6, "pm")               \
	X(list, 12, "p")                 \
	X(getdents, 10, "fBi")           \
	X(seekdir, 8, "pii")             \
	X(drain, 2, "pi")                \
	X(grow, 6, "piii")               \
	X(chdir, 14, "p")                \
	X(fchdir, 8, "f")                \
	X(getcwd, 8, "Bi")               \
	X(umask, 4, "m")                 \
	X(statfs, 5, "p")                \
	X(fstatfs, 4, "f")               \
	X(setxattr, 14, "pxbvi")         \
	X(getxattr, 10, "pxBv")          \
	X(listxattr, 8, "pBv")           \
	X(removexattr, 8, "px")          \
	X(fxattr, 10, "fxbni")           \
	X(flock, 10, "fi")               \
	X(setlk, 14, "fiooi")            \
	X(getlk, 8, "fiooi")             \
	X(copy_file_range, 12, "ffoono") \
	X(sendfile, 10, "ffono")         \
	X(splice, 8, "fono")             \
	X(splice2, 14, "ffoni")          \
	X(ioctl, 8, "fi")                \
	X(mmap, 8, "foi")                \
	X(mapstay, 24, "foii")           \
	X(fork, 2, "fbnii")              \
	X(fsize, 2, "fbno")              \
	X(opendir, 4, "p")               \
	X(stdio, 6, "pbni")              \
	X(exotic, 8, "fi")

#define DECLARE(name, weight, spec) \
	long op_##name(struct side *, const struct op *);
FSFUZZ_OPS(DECLARE)
#undef DECLARE

/* fsfuzz_fd.c: what keeps a call within what can be compared */
bool fd_may_block(int);
long fd_skipped(struct side *);
long fd_into_slot(struct side *, uint32_t, int);
ssize_t fd_room(int, size_t);
ssize_t fd_room_for(int, int, size_t);
bool fd_isfifo(int);
bool fd_grows_by_fault(int, uint32_t, off_t);
size_t fd_inlen(uint32_t);
