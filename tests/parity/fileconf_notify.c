/* SPDX-License-Identifier: BSD-2-Clause */
/* fileconf_notify: F_NOTIFY, signals of what happens in a directory. */
#include "fileconf.h"

#include <signal.h>

static volatile int told;
static volatile siginfo_t last;

static void
handler(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)ctx;
	told++;
	last.si_signo = si->si_signo;
	last.si_code = si->si_code;
	last.si_fd = si->si_fd;
	last.si_band = si->si_band;
}

/* What the call told, as signals of their own. */
#define N(call)                                                             \
	do {                                                                \
		C(call);                                                    \
		if (told > 0)                                               \
			printf("  told %d: code %d fd %d band %lx\n", told, \
			    last.si_code, last.si_fd, (long)last.si_band);  \
		told = 0;                                                   \
	} while (0)

static void
read_it(const char *path)
{
	char buf[10];
	int fd = open(path, O_RDONLY);

	if (read(fd, buf, sizeof(buf)) < 0)
		perror(path);
	close(fd);
}

static void
all(void)
{
	N((read_it("d/f"), 0));
	N(mk("d/f", "y"));
	N(mk("d/g", "y"));
	N(mkdir("d/s", 0755));
	N(chmod("d/s", 0700));
	N(mk("d/s/deep", "y"));
	N(unlink("d/s/deep"));
	N(rmdir("d/s"));
	N(rename("d/g", "d/h"));
	N(rename("d/h", "d2/h"));
	N(rename("d2/h", "d/g"));
	N(rename("d/g", "d/f"));
	N(chmod("d/f", 0600));
	N(chmod("d", 0755));
	N(symlink("x", "d/l"));
	N(unlink("d/l"));
	N(link("d/f", "d/l"));
	N(unlink("d/l"));
	N(truncate("d/f", 1));
}

static void
make_and_exit(void)
{
	mk("d/by_child", "x");
}

void
conf_notify(void)
{
	static const int masks[] = { DN_ACCESS, DN_MODIFY, DN_CREATE, DN_DELETE,
		DN_RENAME, DN_ATTRIB,
		DN_MODIFY | DN_CREATE | DN_DELETE | DN_RENAME | DN_ATTRIB };
	struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_RESTART };
	int fd, fd2;
	size_t i;

	sa.sa_sigaction = handler;
	sigaction(SIGIO, &sa, NULL);
	sigaction(SIGRTMIN + 1, &sa, NULL);
	mkdir("d", 0755);
	mkdir("d2", 0755);
	mk("d/f", "x");
	C(fd = open("d", O_RDONLY));
	C(fcntl(fd, F_GETOWN));
	/* Without F_SETSIG: once, and that it was the kernel. */
	C(fcntl(fd, F_NOTIFY, DN_CREATE));
	C(fcntl(fd, F_GETOWN) == getpid());
	N(mk("d/f", "x"));
	C(mk("d/new", "x"));
	C(told);
	C(last.si_signo);
	C(last.si_code);
	told = 0;
	N(mk("d/new2", "x"));
	C(fcntl(fd, F_SETSIG, SIGRTMIN + 1));
	for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		C(fcntl(fd, F_NOTIFY, masks[i] | DN_MULTISHOT));
		all();
		C(fcntl(fd, F_NOTIFY, i % 2 ? DN_MULTISHOT : 0));
		N(mk("d/f", "y"));
	}
	/* Both, and for as long as the one that lasts. */
	C(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	C(fcntl(fd, F_NOTIFY, DN_DELETE));
	N(mk("d/a", "x"));
	N(unlink("d/a"));
	N(mk("d/a", "x"));
	C(fcntl(fd, F_NOTIFY, 0));
	/* Any descriptor of the file that is closed ends it. */
	C(fd2 = dup(fd));
	C(fcntl(fd2, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	N(mk("d/b", "x"));
	in_child("ends", make_and_exit);
	C(told);
	told = 0;
	C(close(fd));
	N(mk("d/c", "x"));
	C(fcntl(fd2, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	C(close(fd2));
	N(mk("d/e", "x"));
	C(fd = open("d/f", O_RDONLY));
	C(fcntl(fd, F_NOTIFY, DN_CREATE));
	close(fd);
	C(fd = open("d", O_PATH));
	C(fcntl(fd, F_NOTIFY, DN_CREATE));
	close(fd);
	/* A directory that goes. */
	C(fd = open("d2", O_RDONLY));
	C(fcntl(fd, F_NOTIFY, DN_DELETE | DN_ATTRIB | DN_MULTISHOT));
	N(rmdir("d2"));
	close(fd);
	N(mkdir("d2", 0755));
}
