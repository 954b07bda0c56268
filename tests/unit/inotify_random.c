/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random calls in a small tree with watches, on the host and on rump: each must
 * make the same events.  INOTIFY_SEED=n runs one sequence, INOTIFY_SEEDS=n more.
 *
 * Where there are hard links nothing is held open: rump tells of a file under
 * the name that was used last.
 */
#include "tests/unit/notifyboth.h"

SUITE(inotify_random);

#define ROUNDS 150
#define STEPS  60
#define NFDS   3

static uint64_t seed, rng;
static bool links;

static unsigned
pick(unsigned n)
{
	rng = rng * 6364136223846793005UL + 1442695040888963407UL;
	return (rng >> 33) % n;
}

static const char *
name(void)
{
	static const char *const names[] = { "a", "b", "d", "d/a", "d/b", "e",
		"e/a", "e/d" };

	return names[pick(sizeof(names) / sizeof(names[0]))];
}

static uint32_t
mask(void)
{
	static const uint32_t extra[] = { IN_MASK_ADD, IN_EXCL_UNLINK,
		IN_ONESHOT, IN_ONLYDIR, IN_DONT_FOLLOW, IN_MASK_CREATE };
	uint32_t m = pick(2) == 0 ? IN_ALL_EVENTS : 1U << pick(12);

	return pick(4) == 0 ? m | extra[pick(6)] : m;
}

static int
flags(void)
{
	static const int f[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CREAT,
		O_WRONLY | O_TRUNC, O_RDWR | O_CREAT | O_EXCL, O_PATH,
		O_RDONLY | O_DIRECTORY };

	return f[pick(8)];
}

static void
on_names(const struct side *s)
{
	const char *a = name(), *b = name();

	switch (pick(links ? 12 : 11)) {
	case 0:
		say("mkdir %s %d\n", a, C(mkdir, a, 0777));
		break;
	case 1:
		say("rmdir %s %d\n", a, C(rmdir, a));
		break;
	case 2:
		say("unlink %s %d\n", a, C(unlink, a));
		break;
	case 3:
	case 4:
		say("rename %s %s %d\n", a, b, C(rename, a, b));
		break;
	case 5:
		say("exchange %s %s %d\n", a, b,
		    C(renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE));
		break;
	case 6:
		say("symlink %s %d\n", a, C(symlink, "a", a));
		break;
	case 7:
		say("chmod %s %d\n", a, C(chmod, a, 0700));
		break;
	case 8:
		say("truncate %s %d\n", a, C(truncate, a, pick(3)));
		break;
	case 9:
		say("mkfifo %s %d\n", a, C(mkfifo, a, 0644));
		break;
	case 10:
		say("setxattr %s %d\n", a, C(setxattr, a, "user.x", "y", 1, 0));
		break;
	case 11:
		say("link %s %s %d\n", a, b, C(link, a, b));
		break;
	}
}

static void
on_files(const struct side *s, int *fd)
{
	const char *a = name();
	char buf[500];
	int f;

	switch (pick(8)) {
	case 0:
	case 1:
	case 2:
		if (*fd >= 0)
			say("close %d\n", s->close(*fd));
		f = flags() | O_NONBLOCK;
		*fd = C(open, a, f, 0644);
		say("open %s %x %d\n", a, f, *fd < 0 ? -1 : 0);
		break;
	case 3:
		say("read %zd\n", s->read(*fd, buf, 3));
		break;
	case 4:
		say("write %zd\n", s->write(*fd, buf, pick(3)));
		break;
	case 5:
		say("fchmod %d\n", C(fchmod, *fd, 0755));
		break;
	case 6:
		/* How large an entry is, and so a directory, differs. */
		say("getdents %d\n", (int)C(getdents64, *fd, buf, 500) > 0);
		break;
	case 7:
		say("ftruncate %d\n", C(ftruncate, *fd, 2));
		break;
	}
}

/*
 * A directory that is watched from now on: rump does not tell of files whose
 * name had gone by then.
 */
static void
close_unlinked(const struct side *s, int *fd)
{
	struct stat st;
	int i;

	for (i = 0; i < NFDS; i++) {
		if (fd[i] < 0 || C(fstat, fd[i], &st) != 0 || st.st_nlink != 0)
			continue;
		s->close(fd[i]);
		fd[i] = -1;
	}
}

static void
on_watches(const struct side *s, int in)
{
	const char *a = pick(4) == 0 ? "." : name();
	uint32_t m = mask();

	if (pick(4) != 0)
		say("add %s %x %d\n", a, m, C(inotify_add_watch, in, a, m));
	else
		say("rm %d\n", C(inotify_rm_watch, in, pick(12)));
}

static void
sequence(const struct side *s)
{
	int in[2], fd[NFDS], i, k;

	say("seed %lu\n", seed);
	links = seed % 4 == 0;
	rng = seed * 77777 + 1;
	enter_dir(s);
	put_file(s, "a", "text");
	C(mkdir, "d", 0777);
	put_file(s, "d/a", "text");
	C(mkdir, "e", 0777);
	memset(fd, -1, sizeof(fd));
	for (i = 0; i < 2; i++)
		in[i] = C(inotify_init1, IN_NONBLOCK);
	for (i = 0; i < STEPS; i++) {
		switch (pick(8)) {
		case 0:
		case 1:
			close_unlinked(s, fd);
			on_watches(s, in[pick(2)]);
			break;
		case 2:
		case 3:
		case 4:
			on_names(s);
			break;
		default:
			on_files(s, &fd[links ? 0 : pick(NFDS)]);
			if (links && fd[0] >= 0) {
				say("close %d\n", s->close(fd[0]));
				fd[0] = -1;
			}
			break;
		}
		for (k = 0; k < 2; k++) {
			say(" %d\n", k);
			say_queue(s, in[k]);
		}
	}
	for (i = 0; i < NFDS; i++)
		if (fd[i] >= 0)
			s->close(fd[i]);
	for (k = 0; k < 2; k++) {
		say_queue(s, in[k]);
		s->close(in[k]);
	}
	leave_dir(s);
	if (IS_RUMP)
		OK(rump_sys_chdir("/"));
}

Test(inotify_random, makes_the_hosts_events)
{
	const char *one = getenv("INOTIFY_SEED");
	const char *more = getenv("INOTIFY_SEEDS");
	uint64_t n = more != NULL ? strtoul(more, NULL, 0) : ROUNDS;
	char old[40];

	seed = one != NULL ? strtoul(one, NULL, 0) : 1;
	for (; one != NULL || seed <= n; seed++) {
		both(sequence);
		if (one != NULL)
			break;
		sprintf(old, "/old%lu", seed);
		OK(rump_sys_rename("/watch", old));
	}
}
