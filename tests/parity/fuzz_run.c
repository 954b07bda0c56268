/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a round of calls in a child; the texts that its sides are compared by. */

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

struct text texts[2];
struct tally *tally;

void
text_put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, OUTMAX - t->len, fmt, ap);
	va_end(ap);
	if (n > 0 && t->len + (size_t)n < OUTMAX)
		t->len += (size_t)n;
}

bool
texts_same(void)
{
	for (int k = 0; k < 2; k++)
		texts[k].buf[texts[k].len] = '\0';
	return texts[0].len == texts[1].len &&
	    memcmp(texts[0].buf, texts[1].buf, texts[0].len) == 0;
}

const char *
errname(int error)
{
	const char *name = strerrorname_np(error);

	return name != NULL ? name : "E?";
}

uint64_t
hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ULL, x;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&x, p, 8);
		h = (h ^ x) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	while (len-- > 0)
		h = (h ^ *p++) * 0x100000001b3ULL;
	return h;
}

/* Which call of the list is next. */
void
progress(long i)
{
	if (tally != NULL)
		tally[nops].calls = i;
}

/* A call on the host, and whether it did something. */
void
count(const struct op *o, long r)
{
	if (tally == NULL)
		return;
	tally[o->nr].calls++;
	tally[o->nr].good += r != -1;
}

static void
print_lines_apart(void)
{
	char *a = texts[0].buf, *b = texts[1].buf, *sa, *sb;
	char *la = strtok_r(a, "\n", &sa), *lb = strtok_r(b, "\n", &sb);
	int shown = 0;

	for (; (la != NULL || lb != NULL) && shown < 10;) {
		if (la == NULL || lb == NULL || strcmp(la, lb) != 0) {
			printf("  host: %s\n  rump: %s\n",
			    la == NULL ? "(nothing)" : la,
			    lb == NULL ? "(nothing)" : lb);
			shown++;
		}
		la = la == NULL ? NULL : strtok_r(NULL, "\n", &sa);
		lb = lb == NULL ? NULL : strtok_r(NULL, "\n", &sb);
	}
}

void
report(const struct op *o, long i, const char *what)
{
	printf("MISMATCH at call %ld, %s: ", i, what);
	op_print(stdout, o);
	printf("\n");
	print_lines_apart();
	fflush(stdout);
}

/* What the host knows of a child that hangs: its state, its call, where. */
static void
tell_where(pid_t pid)
{
	static const char *const what[] = { "stat", "syscall", "wchan",
		"stack" };
	char line[512];
	FILE *f;

	for (size_t i = 0; i < sizeof(what) / sizeof(*what); i++) {
		snprintf(line, sizeof(line), "/proc/%d/%s", (int)pid, what[i]);
		f = fopen(line, "r");
		while (f != NULL && fgets(line, sizeof(line), f) != NULL)
			printf("  %s: %s\n", what[i], line);
		if (f != NULL)
			fclose(f);
	}
}

/*
 * The same in a child, so that whatever it did to its process, or its
 * kernel to it, ends there.  A child that dies or hangs counts as bad.
 */
int
run_forked(const struct op *list, long n, bool quiet)
{
	struct timespec nap = { 0, 1000000 };
	time_t limit = time(NULL) + fuzz_patience;
	long at;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (quiet)
			tally = NULL;
		status = run_ops(list, n, quiet);
		fflush(NULL);
		_exit(status);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (time(NULL) > limit) {
			if (!quiet)
				tell_where(pid);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			if (!quiet) {
				at = tally[nops].calls;
				printf("HUNG for %d s in call %ld: ",
				    fuzz_patience, at);
				op_print(stdout, &list[at]);
				printf(": killed\n");
			}
			return DIED;
		}
		nanosleep(&nap, NULL);
	}
	if (WIFSIGNALED(status)) {
		if (!quiet)
			printf("DIED of signal %d (%s)\n", WTERMSIG(status),
			    strsignal(WTERMSIG(status)));
		return DIED;
	}
	if (WEXITSTATUS(status) == 2) {
		fprintf(stderr, "%s: cannot set up a round\n", fuzz_name);
		exit(2);
	}
	return WEXITSTATUS(status);
}
