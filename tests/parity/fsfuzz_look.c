/* SPDX-License-Identifier: BSD-2-Clause */
/* What fsfuzz looks at: descriptors, paths, whole trees, and times. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "fsfuzz.h"

#define MAXNODES 600

/* An object of a tree and its times as they were before a call. */
struct node {
	ino_t ino;
	struct stat st;
};

struct walk {
	struct side *side;
	void (*visit)(struct walk *, const char *, const struct stat *);
	ino_t *inos;
	int ninos;
};

static struct node aged[2][MAXNODES];
static int naged[2];
static struct timespec aged_at[2];
bool ctime_fine;
static bool ctime_counts;

static void
put_stat(struct side *s, const struct stat *st)
{
	put(s, " mode=%o nlink=%lu uid=%u gid=%u", st->st_mode,
	    (unsigned long)st->st_nlink, st->st_uid, st->st_gid);
	if (!S_ISDIR(st->st_mode))
		put(s, " size=%lld", (long long)st->st_size);
	if (S_ISREG(st->st_mode) && rules.dirsizes)
		put(s, " blocks=%lld", (long long)st->st_blocks);
	else if (S_ISREG(st->st_mode))
		put(s, " blocks=%s",
		    st->st_blocks % (PAGE / 512) == 0 &&
			    st->st_blksize >= PAGE ?
			"pages" :
			"odd");
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		put(s, " rdev=%u:%u", major(st->st_rdev), minor(st->st_rdev));
}

/* The state of a descriptor: flags, close-on-exec, offset, what it is. */
void
look_fd(struct side *s, int fd)
{
	struct stat st;
	off_t off;

	if (fd < 0 || fd == 9999)
		return;
	put(s, " [fl=%x fd=%x", fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
	if (fstat(fd, &st) == -1) {
		put(s, " fstat=%s]", errname(errno));
		return;
	}
	off = lseek(fd, 0, SEEK_CUR);
	if (off == -1)
		put(s, " off=%s", errname(errno));
	else if (!S_ISDIR(st.st_mode))
		put(s, " off=%lld", (long long)off);
	put_stat(s, &st);
	put(s, "]");
}

void
look_path(struct side *s, const char *path)
{
	struct stat st;

	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		put(s, " {%s}", errname(errno));
		return;
	}
	put(s, " {");
	put_stat(s, &st);
	put(s, " }");
}

/* The names in an open directory, as a set; its offset is kept apart. */
void
look_names(struct side *s, int fd)
{
	int n, dupfd = openat(fd, ".", O_RDONLY | O_DIRECTORY);
	char **names;

	if (dupfd == -1) {
		put(s, " names:%s", errname(errno));
		return;
	}
	names = names_of(dupfd, &n);
	/* The root's own name is as long as the top's needs it to be. */
	for (int i = 0; i < n; i++)
		put(s, " %.20s",
		    strcmp(names[i], strrchr(s->root, '/') + 1) == 0 ?
			"root" :
			names[i]);
	names_free(names, n);
}

static void
walk_dir(struct walk *w, int fd, char *path, size_t len)
{
	int n, sub;
	char **names = names_of(fd, &n);
	struct stat st;

	for (int i = 0; i < n; i++) {
		if (strcmp(names[i], ".") == 0 || strcmp(names[i], "..") == 0)
			continue;
		if (len + strlen(names[i]) + 2 > 4000)
			continue;
		path[len] = '/';
		strcpy(path + len + 1, names[i]);
		if (lstat(path, &st) == -1) {
			put(w->side, "%s: lstat %s\n", path + w->side->rootlen,
			    errname(errno));
			continue;
		}
		w->visit(w, path, &st);
		if (!S_ISDIR(st.st_mode))
			continue;
		sub = open(path,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW |
			O_NOATIME);
		if (sub == -1)
			put(w->side, "%s: open %s\n", path + w->side->rootlen,
			    errname(errno));
		else
			walk_dir(w, sub, path, strlen(path));
	}
	path[len] = '\0';
	names_free(names, n);
}

static void
walk(struct walk *w)
{
	char path[8192];
	struct stat st;
	int fd = open(w->side->top,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOATIME);

	if (fd == -1) {
		put(w->side, "top: %s\n", errname(errno));
		return;
	}
	strcpy(path, w->side->top);
	if (fstat(fd, &st) == 0)
		w->visit(w, path, &st);
	walk_dir(w, fd, path, strlen(path));
}

/*
 * Which holes have pages is each file system's own business (a write that
 * faults leaves one on Linux), but data needs some.
 */
static bool
has_data(const char *buf, ssize_t n)
{
	return n > 0 && (buf[0] != 0 || memcmp(buf, buf + 1, (size_t)n - 1));
}

static void
put_contents(struct side *s, const char *path, const struct stat *st)
{
	static char buf[POOL];
	int fd = open(path, O_RDONLY | O_NOATIME | O_NONBLOCK | O_NOFOLLOW);
	ssize_t n;

	if (fd == -1) {
		put(s, " open=%s", errname(errno));
		return;
	}
	n = pread(fd, buf, sizeof(buf), 0);
	put(s, " data=%zd/%016llx", n,
	    (unsigned long long)hash(buf, n > 0 ? (size_t)n : 0));
	if (has_data(buf, n) && st->st_blocks == 0)
		put(s, " data without blocks");
	if (st->st_size > POOL) {
		n = pread(fd, buf, 2 * PAGE, st->st_size - 2 * PAGE);
		put(s, " tail=%zd/%016llx", n,
		    (unsigned long long)hash(buf, n > 0 ? (size_t)n : 0));
	}
	close(fd);
}

static void
put_xattrs(struct side *s, const char *path)
{
	static char value[70000];
	char list[4096], *names[64], *p;
	ssize_t len = llistxattr(path, list, sizeof(list)), n;
	int count = 0;

	if (len == -1)
		put(s, " xattrs=%s", errname(errno));
	for (p = list; p < list + len && count < 64; p += strlen(p) + 1)
		names[count++] = p;
	names_sort(names, (int)count);
	for (int i = 0; i < count; i++) {
		n = lgetxattr(path, names[i], value, sizeof(value));
		put(s, " %s=%zd/%08x", names[i], n,
		    (unsigned)hash(value, n > 0 ? (size_t)n : 0));
	}
}

/* A symlink's target with the side's root replaced by "@". */
static void
put_target(struct side *s, const char *path)
{
	char buf[8192];
	ssize_t n = readlink(path, buf, sizeof(buf) - 1);

	if (n == -1) {
		put(s, " -> %s", errname(errno));
		return;
	}
	buf[n] = '\0';
	if (strncmp(buf, s->root, s->rootlen) == 0)
		put(s, " -> @%.100s", buf + s->rootlen);
	else
		put(s, " -> %.100s", buf);
}

/* A path below the root; all above it and beside it, where names may have
 * got to by "..", are one. */
static const char *
name_in(const struct side *s, const char *path)
{
	return strncmp(path, s->root, s->rootlen) == 0 &&
		path[s->rootlen] == '/' ?
	    path + s->rootlen :
	    "^";
}

static void
visit_look(struct walk *w, const char *path, const struct stat *st)
{
	struct side *s = w->side;
	int i;

	for (i = 0; i < w->ninos && w->inos[i] != st->st_ino; i++)
		continue;
	if (i == w->ninos && i < MAXNODES)
		w->inos[w->ninos++] = st->st_ino;
	put(s, "%.300s object %d", name_in(s, path), i);
	put_stat(s, st);
	if (S_ISREG(st->st_mode))
		put_contents(s, path, st);
	else if (S_ISLNK(st->st_mode))
		put_target(s, path);
	put_xattrs(s, path);
	put(s, "\n");
}

/* The whole tree: every object, which names share one, and its contents. */
void
look_tree(struct side *s)
{
	ino_t inos[MAXNODES];
	struct walk w = { s, visit_look, inos, 0 };

	walk(&w);
}

/*
 * Times cannot be compared between the sides, and a coarse clock makes two
 * changes in a row look like none.  So before a watched call every object
 * is given times far from now, and afterwards each time is told as
 * unchanged, set to now, or set to a value.  Old times make relatime update
 * atime; an atime in the future keeps it from doing so.
 */
static void
visit_age(struct walk *w, const char *path, const struct stat *st)
{
	int side = w->side->index;
	struct timespec ts[2] = { { 1000000, 111 }, { 1000001, 222 } };
	struct node *node = &aged[side][naged[side]];

	(void)st;
	if (naged[side] == MAXNODES)
		return;
	if (w->ninos == 2)
		ts[0].tv_sec = 5000000000;
	if (utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW) == -1)
		put(w->side, "age: %s\n", errname(errno));
	if (lstat(path, &node->st) == 0) {
		node->ino = node->st.st_ino;
		naged[side]++;
	}
}

/*
 * Linux may give an object the latest ctime it has given to any other, so
 * the latest one must not be of an object that is watched.
 */
static void
ctime_advance(const char *dir)
{
	struct stat st;

	for (int i = 0; i < 2; i++)
		if (chmod(dir, 0755) == -1 || stat(dir, &st) == -1)
			return;
}

void
times_age(struct side *s, int how)
{
	struct walk w = { s, visit_age, NULL, how };

	naged[s->index] = 0;
	walk(&w);
	ctime_advance(s->index == 0 ? opt.host : opt.rump);
	clock_gettime(CLOCK_REALTIME, &aged_at[s->index]);
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* A time as "-" (unchanged), "now", or its value. */
static void
put_time(struct side *s, const char *name, const struct timespec *was,
    const struct timespec *is)
{
	struct timespec *from = &aged_at[s->index], now;
	double early, late;

	if (same_time(was, is))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	early = (double)(is->tv_sec - from->tv_sec) +
	    (double)(is->tv_nsec - from->tv_nsec) / 1e9;
	late = (double)(is->tv_sec - now.tv_sec) +
	    (double)(is->tv_nsec - now.tv_nsec) / 1e9;
	if (early >= -0.05 && late <= 0.05)
		put(s, " %s=now", name);
	else
		put(s, " %s=%lld.%09ld", name, (long long)is->tv_sec,
		    is->tv_nsec);
}

static void
visit_changed(struct walk *w, const char *path, const struct stat *st)
{
	struct side *s = w->side;
	int i, side = s->index;
	const struct stat *was;

	for (i = 0; i < naged[side]; i++)
		if (aged[side][i].ino == st->st_ino)
			break;
	if (i == naged[side])
		return;
	was = &aged[side][i].st;
	put(s, " (%.60s", name_in(s, path));
	put_time(s, "atime", &was->st_atim, &st->st_atim);
	put_time(s, "mtime", &was->st_mtim, &st->st_mtim);
	if (ctime_counts && !same_time(&was->st_ctim, &st->st_ctim))
		put(s, " ctime");
	put(s, ")");
}

void
times_changed(struct side *s)
{
	struct walk w = { s, visit_changed, NULL, 0 };

	walk(&w);
}

/*
 * Before a watched call on either side: where a ctime is only as good as the
 * clock's tick, let a tick pass for some calls and ignore the others' ctimes.
 */
void
ctime_wait(const struct op *o)
{
	struct timespec tick = { 0, 10500000 };

	ctime_counts = ctime_fine || (o->arg[0] + o->arg[1]) % 16 == 0;
	if (ctime_counts && !ctime_fine)
		nanosleep(&tick, NULL);
}

/* Does each change of a just-seen object give it a new ctime? */
bool
ctime_probe(const char *dir)
{
	struct stat a, b;
	int i;

	for (i = 0; i < 64; i++) {
		if (stat(dir, &a) == -1 || chmod(dir, 0755) == -1 ||
		    stat(dir, &b) == -1 || same_time(&a.st_ctim, &b.st_ctim))
			break;
	}
	return i == 64;
}
