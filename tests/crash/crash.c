/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the crash tests share: the fixture, children that die, the counting.
 */
#include "tests/crash/crash.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "rumpkern/arena.h"
#include "rumpkern/cpu.h"

#define SNAPSIZE      (1 << 20)
#define CHILD_SECONDS 20               /* a child that hangs is a failure */
#define NEVER         (UINT64_MAX / 2) /* a count never reached */

/* How many points the last child got through; shared with it. */
static uint64_t *points;

static const struct crashop *const tables[] = { name_ops, data_ops, file_ops,
	proc_ops };

const struct crashop *
crash_op(size_t i)
{
	const struct crashop *op;
	size_t t;

	for (t = 0; t < nelem(tables); t++)
		for (op = tables[t]; op->op_name != NULL; op++)
			if (i-- == 0)
				return op;
	return NULL;
}

/* --- TAP ------------------------------------------------------------------ */

static int tap_count, tap_failed;

void
tap_plan(int n)
{

	printf("1..%d\n", n);
	fflush(stdout);
}

bool
tap_ok(bool ok, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", ok ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	tap_failed += !ok;
	return ok;
}

void
tap_diag(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

int
tap_done(void)
{

	return tap_failed != 0;
}

_Noreturn void
crash_fail(const char *what, long value, int line)
{

	dprintf(2, "line %d: %s is %ld, errno %d (%s)\n", line, what, value,
	    errno, strerror(errno));
	_exit(2);
}

/* --- The fixture ---------------------------------------------------------- */

void
crash_boot(void)
{
	int error;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	points = mmap(NULL, sizeof(*points), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (points == MAP_FAILED)
		crash_fail("mmap", -1, __LINE__);
	setenv("RUMP_MEMLIMIT", "32M", 1);
	setenv("RUMP_SPIN_US", "0", 1);
	error = rump_init();
	if (error != 0)
		crash_fail("rump_init()", error, __LINE__);
	MUST(rump_sys_mkdir("/t", 0755));
}

static void
put_file(const char *path, size_t size)
{
	static char buf[3000];
	size_t i, n;
	int fd;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = 'a' + i % 23;
	fd = rump_sys_open(path, O_CREAT | O_WRONLY | O_EXCL, 0644);
	MUST(fd);
	for (; size > 0; size -= n) {
		n = size < sizeof(buf) ? size : sizeof(buf);
		MUST(rump_sys_write(fd, buf, n));
	}
	MUST(rump_sys_close(fd));
}

int
crash_setacl(const char *path, const char *name)
{
	/* As setxattr(2) has access control lists: a user more, and the mask. */
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entries[5];
	} acl = { 2,
		{ { 1, 6, -1 }, { 2, 6, 1000 }, { 4, 4, -1 }, { 0x10, 5, -1 },
		    { 0x20, 1, -1 } } };

	return rump_sys_setxattr(path, name, &acl, sizeof(acl), 0);
}

void
crash_populate(void)
{

	MUST(rump_sys_mkdir(TREE, 0755));
	MUST(rump_sys_mkdir(TREE "/d", 0755));
	MUST(rump_sys_mkdir(TREE "/e", 0755));
	MUST(rump_sys_mkdir(TREE "/d/empty", 0755));
	MUST(rump_sys_mkdir(TREE "/d/full", 0755));
	put_file(TREE "/d/full/f", 100);
	put_file(TREE "/f", 10000);
	put_file(TREE "/g", 5000);
	put_file(TREE "/big", 150000);
	put_file(TREE "/twice", 10);
	MUST(rump_sys_link(TREE "/twice", TREE "/e/twice"));
	MUST(rump_sys_symlink("f", TREE "/l"));
	MUST(rump_sys_mknod(TREE "/fifo", S_IFIFO | 0644, 0));
	MUST(rump_sys_setxattr(TREE "/f", "user.one", "1234", 4, 0));
	MUST(rump_sys_setxattr(TREE "/f", "user.two", "12345678", 8, 0));
	MUST(crash_setacl(TREE "/twice", "system.posix_acl_access"));
	MUST(crash_setacl(TREE "/d/full", "system.posix_acl_default"));
}

/* Read a directory whole, then call for each name. */
static void
each_name(const char *path, void (*fn)(const char *))
{
	char buf[8192], child[512];
	struct dirent64 *de;
	ssize_t n, off;
	int fd;

	fd = rump_sys_open(path, O_RDONLY | O_DIRECTORY);
	MUST(fd);
	n = rump_sys_getdents64(fd, buf, sizeof(buf));
	MUST(n);
	MUST(rump_sys_close(fd));
	for (off = 0; off < n; off += de->d_reclen) {
		de = (struct dirent64 *)(void *)(buf + off);
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, de->d_name);
		fn(child);
	}
}

static void
remove_tree(const char *path)
{
	struct stat st;

	MUST(rump_sys_lstat(path, &st));
	if (S_ISDIR(st.st_mode)) {
		each_name(path, remove_tree);
		MUST(rump_sys_rmdir(path));
	} else {
		MUST(rump_sys_unlink(path));
	}
}

void
crash_depopulate(void)
{

	each_name("/t", remove_tree);
}

/* --- What can be seen ------------------------------------------------------ */

static char snap[2][SNAPSIZE], *snap_at, *snap_end;

static void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	snap_at += vsnprintf(snap_at, snap_end - snap_at, fmt, ap);
	va_end(ap);
	if (snap_at >= snap_end)
		crash_fail("snapshot too long", 0, __LINE__);
}

/* Holes are not read: some are very large. */
static void
say_content(const char *path)
{
	static uint64_t buf[8192];
	uint64_t h = 14695981039346656037u;
	off_t off = 0;
	ssize_t n, i;
	int fd;

	fd = rump_sys_open(path, O_RDONLY);
	MUST(fd);
	while ((off = rump_sys_lseek(fd, off, SEEK_DATA)) >= 0) {
		n = rump_sys_pread(fd, buf, 4096 - off % 4096, off);
		MUST(n);
		memset((char *)buf + n, 0, 8);
		for (i = 0; i < n; i += 8)
			h = (h ^ buf[i / 8] ^ off) * 1099511628211u ^ h >> 29;
		off += n;
	}
	MUST(rump_sys_close(fd));
	say(" %016lx", h);
}

static void
say_xattrs(const char *path)
{
	char list[1024], value[70000];
	ssize_t n, len, off;

	n = rump_sys_llistxattr(path, list, sizeof(list));
	MUST(n);
	for (off = 0; off < n; off += strlen(list + off) + 1) {
		len = rump_sys_lgetxattr(path, list + off, value,
		    sizeof(value));
		MUST(len);
		say(" %s=%.*s(%ld)", list + off, len < 40 ? (int)len : 40,
		    value, (long)len);
	}
}

static void
say_object(const char *path)
{
	char target[512];
	struct stat st;
	ssize_t n;

	MUST(rump_sys_lstat(path, &st));
	say("%s %o %lu %u:%u", path, st.st_mode, (unsigned long)st.st_nlink,
	    st.st_uid, st.st_gid);
	if (S_ISREG(st.st_mode)) {
		say(" %ld", (long)st.st_size);
		say_content(path);
	} else if (S_ISLNK(st.st_mode)) {
		n = rump_sys_readlink(path, target, sizeof(target));
		MUST(n);
		say(" -> %.*s", (int)n, target);
	}
	if (!S_ISLNK(st.st_mode))
		say_xattrs(path);
	say("\n");
	if (S_ISDIR(st.st_mode))
		each_name(path, say_object);
}

static int
by_line(const void *a, const void *b)
{

	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names come in the order of their making, which tells nothing: sort. */
static void
sort_lines(char *text)
{
	static char copy[SNAPSIZE];
	char *line[4096], *p, *save;
	size_t i, n = 0;

	strcpy(copy, text);
	for (p = strtok_r(copy, "\n", &save); p != NULL && n < nelem(line);
	     p = strtok_r(NULL, "\n", &save))
		line[n++] = p;
	qsort(line, n, sizeof(line[0]), by_line);
	for (i = 0; i < n; i++)
		text += sprintf(text, "%s\n", line[i]);
}

const char *
crash_snapshot(int which)
{

	snap_at = snap[which];
	snap_end = snap_at + SNAPSIZE;
	say_object(TREE);
	sort_lines(snap[which]);
	return snap[which];
}

/* --- What is allocated ------------------------------------------------------ */

void
crash_count(struct counts *ct)
{
	struct page *first, *pg;
	uint32_t n, step, end = page_brk();
	int i;

	for (i = 0; i < KC_MAX; i++)
		ct->ct_cache[i] = kmem_cache_count(i);
	ct->ct_pages = ct->ct_slabs = 0;
	first = page_of((void *)(ARENA_BASE + ARENA->a_map.am_pool));
	for (n = 1u << PAGE_MAXORDER; n < end; n += step) {
		pg = first + n;
		step = pg->pg_use == PAGE_DATA ? 1 : 1u << pg->pg_order;
		if (pg->pg_use == PAGE_RUN || pg->pg_use == PAGE_DATA)
			ct->ct_pages += step;
		else if (pg->pg_use == PAGE_SLAB)
			ct->ct_slabs += step;
	}
}

bool
crash_same_counts(const struct counts *was, const struct counts *is)
{
	bool same = true;
	int i;

	for (i = 0; i < KC_MAX; i++) {
		if (was->ct_cache[i] == is->ct_cache[i])
			continue;
		tap_diag("cache %d had %lu objects out, has %lu", i,
		    was->ct_cache[i], is->ct_cache[i]);
		same = false;
	}
	if (was->ct_pages != is->ct_pages) {
		tap_diag("%lu pages were in use, %lu are", was->ct_pages,
		    is->ct_pages);
		same = false;
	}
	return same;
}

/* --- Children ---------------------------------------------------------------- */

static enum death
await(pid_t pid, const char *name)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		continue;
	/* Its children have become ours. */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return DIED;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return LIVED;
	tap_diag("%s: the child ended with status %#x", name, status);
	return BROKE;
}

static void
arm(uint64_t n)
{

	curcpu()->c_crashcount = 0;
	curcpu()->c_crashat = n;
}

static pid_t
spawn(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	MUST(pid);
	if (pid == 0) {
		alarm(CHILD_SECONDS);
		if (lwproc_attach() != 0)
			crash_fail("lwproc_attach()", -1, __LINE__);
	}
	return pid;
}

enum death
crash_child(const struct crashop *op, uint64_t n)
{
	pid_t pid = spawn();

	if (pid == 0) {
		MUST(-rump_pub_lwproc_rfork(RUMP_RFCFDG));
		if (op->op_prepare != NULL)
			op->op_prepare();
		arm(n);
		op->op_run();
		*points = curcpu()->c_crashcount;
		_exit(0);
	}
	return await(pid, op->op_name);
}

enum death
crash_call(void (*fn)(void), uint64_t n)
{
	pid_t pid = spawn();

	if (pid == 0) {
		arm(n);
		fn();
		*points = curcpu()->c_crashcount;
		_exit(0);
	}
	return await(pid, "call");
}

uint64_t
crash_points(const struct crashop *op)
{

	crash_populate();
	crash_child(op, NEVER);
	crash_check();
	crash_depopulate();
	crash_check();
	return *points;
}

uint64_t
crash_reap_points(const struct crashop *op, uint64_t n, void (*fn)(void))
{

	crash_populate();
	crash_child(op, n);
	crash_call(fn, NEVER);
	crash_check();
	crash_depopulate();
	crash_check();
	return *points;
}

/* A fork without its child is given up only after a while: let it be now. */
static void
age_embryos(void)
{
	uint32_t i;

	for (i = 1; i < atomic_load(&ARENA->a_nhosts); i++)
		if (atomic_load(&host_byindex(i)->h_state) == HOST_EMBRYO)
			host_byindex(i)->h_since = 0;
}

int
crash_check(void)
{

	reap_all();
	age_embryos();
	reap_all();
	return rump_kern_check();
}
