/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: runs the groups of checks in a directory; see fileconf.h.
 *
 *	fileconf DIRECTORY [group...]
 */
#include "fileconf.h"

#include <ftw.h>
#include <grp.h>

bool is_root;
char topdir[4096];
static const char *group;

void
result(const char *what, int line, long ret)
{

	(void)line;
	if (ret == -1)
		printf("%s: %s = %s\n", group, what,
		    errno == 0 ? "-1" : strerrorname_np(errno));
	else
		printf("%s: %s = %ld\n", group, what, ret);
	fflush(stdout);
}

void
show_stat(const char *what, const struct stat *st)
{

	printf("%s: stat %s: mode %o nlink %lu uid %u gid %u size %ld "
	       "blocks %ld blksize %ld rdev %lx\n",
	    group, what, st->st_mode, (unsigned long)st->st_nlink, st->st_uid,
	    st->st_gid, S_ISDIR(st->st_mode) ? -1L : (long)st->st_size,
	    (long)st->st_blocks, (long)st->st_blksize,
	    (unsigned long)st->st_rdev);
	fflush(stdout);
}

void
show_bytes(const char *what, const void *buf, size_t n)
{
	const unsigned char *s = buf;
	size_t i, run;

	printf("%s: %s:", group, what);
	for (i = 0; i < n; i += run) {
		for (run = 1; i + run < n && s[i + run] == s[i]; run++)
			continue;
		if (s[i] > ' ' && s[i] < 127)
			printf(" %c", s[i]);
		else
			printf(" %02x", s[i]);
		if (run > 1)
			printf("*%zu", run);
	}
	printf("\n");
	fflush(stdout);
}

void
show_file(const char *path)
{
	static char buf[1 << 20];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0) {
		result(path, __LINE__, -1);
		return;
	}
	n = read(fd, buf, sizeof(buf));
	show_bytes(path, buf, n < 0 ? 0 : n);
	close(fd);
}

int
mk(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		return -1;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -1;
	return close(fd);
}

int
mkmode(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return -1;
	if (fchmod(fd, mode) != 0)
		return -1;
	return close(fd);
}

void
in_child(const char *name, void (*f)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		f();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	printf("%s: child %s: %x\n", group, name, status);
}

static unsigned the_uid, the_gid;
static void (*the_func)(void);

static void
with_ids(void)
{

	if (syscall(SYS_setgroups, 0, NULL) != 0 ||
	    setresgid(the_gid, the_gid, the_gid) != 0 ||
	    setresuid(the_uid, the_uid, the_uid) != 0)
		_exit(99);
	the_func();
}

void
as_user(const char *name, unsigned uid, unsigned gid, void (*f)(void))
{

	the_uid = uid;
	the_gid = gid;
	the_func = f;
	if (is_root)
		in_child(name, with_ids);
}

const char *
name_of(size_t n)
{
	static char buf[2][8192];
	static int turn;
	char *s = buf[turn ^= 1];

	memset(s, 'n', n);
	s[n] = '\0';
	return s;
}

const char *
path_of(size_t n)
{
	static char buf[8192];
	size_t i;

	for (i = 0; i < n; i++)
		buf[i] = i % 2 ? '/' : '.';
	buf[n] = '\0';
	return buf;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{

	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static const struct {
	const char *name;
	void (*func)(void);
} groups[] = {
	{ "open", conf_open },
	{ "openflags", conf_openflags },
	{ "names", conf_names },
	{ "rename", conf_rename },
	{ "links", conf_links },
	{ "dirs", conf_dirs },
	{ "nodes", conf_nodes },
	{ "at", conf_at },
	{ "long", conf_long },
	{ "mode", conf_mode },
	{ "own", conf_own },
	{ "sticky", conf_sticky },
	{ "setgid", conf_setgid },
	{ "access", conf_access },
	{ "times", conf_times },
	{ "grain", conf_grain },
	{ "xattr", conf_xattr },
	{ "statfs", conf_statfs },
	{ "truncate", conf_truncate },
	{ "fallocate", conf_fallocate },
	{ "zerorange", conf_zerorange },
	{ "seek", conf_seek },
	{ "rw", conf_rw },
	{ "vec", conf_vec },
	{ "copyrange", conf_copyrange },
	{ "sendfile", conf_sendfile },
	{ "splice", conf_splice },
	{ "overlap", conf_overlap },
	{ "getdents", conf_getdents },
	{ "readdir", conf_readdir },
	{ "fcntl", conf_fcntl },
	{ "locks", conf_locks },
	{ "flock", conf_flock },
	{ "mmap", conf_mmap },
	{ "mremap", conf_mremap },
	{ "mapfork", conf_mapfork },
	{ "mapfault", conf_mapfault },
	{ "mapalloc", conf_mapalloc },
	{ "mapthread", conf_mapthread },
	{ "statx", conf_statx },
	{ "cwd", conf_cwd },
	{ "proc", conf_proc },
	{ "flags", conf_flags },
	{ "notify", conf_notify },
	{ "acl", conf_acl },
	{ "handle", conf_handle },
	{ "cachestat", conf_cachestat },
};

static bool
chosen(int argc, char **argv, const char *name)
{
	int i;

	for (i = 2; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc == 2;
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc < 2 || chdir(argv[1]) != 0 ||
	    getcwd(topdir, sizeof(topdir)) == NULL)
		return 2;
	is_root = geteuid() == 0;
	umask(022);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (!chosen(argc, argv, groups[i].name))
			continue;
		group = groups[i].name;
		if (chdir(topdir) != 0 || mkdir("g", 0777) != 0 ||
		    chmod("g", 0777) != 0 || chdir("g") != 0)
			return 3;
		in_child("all", groups[i].func);
		if (chdir(topdir) != 0)
			return 3;
		nftw("g", remove_one, 20, FTW_DEPTH | FTW_PHYS);
	}
	return 0;
}
