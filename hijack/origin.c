/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * origin: what ld.so believes to be the directory of a rump executable.
 *
 * ld.so asks the host for /proc/self/exe, and puts the directory in place of
 * $ORIGIN in the executable's RPATH or RUNPATH and in LD_LIBRARY_PATH, before
 * anything of ours runs.  What the host names is the memfd.  So the memfd is
 * named such that its directory is a placeholder as long as the real one,
 * which replaces it in ld.so's memory before ld.so looks there.
 */
#include <asm/unistd.h>
#include <fcntl.h>

#include "hijack/hijack.h"
#include "hijack/libs.h"

#define HEAD      "/memfd:" /* what the host puts before a name */
#define HEAD_LEN  (sizeof(HEAD) - 1)
#define FILL      '~'
#define NAME_MAX_ 249 /* of a memfd */

static const char *
base_of(const char *exe)
{
	const char *base = exe;

	for (; *exe != '\0'; exe++)
		if (*exe == '/')
			base = exe + 1;
	return base;
}

/* How long the placeholder of this executable's directory is. */
static size_t
length(const char *exe)
{
	const char *base = base_of(exe);

	return kmax(base > exe ? (size_t)(base - exe) - 1 : 0, HEAD_LEN + 1);
}

void
hj_origin_name(const char *exe, char name[HJ_ORIGIN_NAME])
{
	size_t n = length(exe) - HEAD_LEN;

	if (*exe == '\0' || n > NAME_MAX_ - 2) {
		if (*exe != '\0')
			hj_trace_note("%s: too long a name for $ORIGIN", exe);
		kfmt(name, HJ_ORIGIN_NAME, "rump");
		return;
	}
	memset(name, FILL, n);
	kfmt(name + n, NAME_MAX_ + 1 - n, "/%s", base_of(exe));
}

/* Put dir in place of its placeholder, of n bytes, in [p, end). */
static void
replace(char *p, char *end, const char *dir, size_t n)
{
	char *q;

	while ((p = memchr(p, FILL, end - p)) != NULL) {
		for (q = p; q < end && *q == FILL; q++)
			continue;
		if ((size_t)(q - p) == n - HEAD_LEN && q < end &&
		    (*q == '/' || *q == '\0') &&
		    memcmp(p - HEAD_LEN, HEAD, HEAD_LEN) == 0)
			memcpy(p - HEAD_LEN, dir, n);
		p = q;
	}
}

static uintptr_t
hex(const char **s)
{
	uintptr_t v = 0;

	for (; **s != '-' && **s != ' ' && **s != '\0'; ++*s)
		v = v * 16 + (**s <= '9' ? **s - '0' : **s - 'a' + 10);
	*s += **s != '\0';
	return v;
}

/* A line of maps: private memory that can be written, but for the stack. */
static bool
wanted(const char *line, uintptr_t *from, uintptr_t *to)
{
	const char *s = line;

	*from = hex(&s);
	*to = hex(&s);
	if (strncmp(s, "rw-p", 4) != 0)
		return false;
	for (; *s != '\0' && *s != '['; s++)
		continue;
	return strcmp(s, "[stack]") != 0;
}

void
hj_origin_fix(const char *exe)
{
	char line[512], buf[1024], dir[NAME_MAX_ + HEAD_LEN + 1];
	size_t fill = 0, n = length(exe);
	uintptr_t from, to;
	long fd, got, i;

	if (n >= sizeof(dir))
		return;
	memset(dir, '/', n);
	memcpy(dir, exe, kmin(n, (size_t)(base_of(exe) - exe)));
	fd = hj_host(__NR_openat, AT_FDCWD, "/proc/self/maps",
	    O_RDONLY | O_CLOEXEC);
	while ((got = hj_host(__NR_read, fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < got; i++) {
			if (buf[i] != '\n') {
				if (fill < sizeof(line) - 1)
					line[fill++] = buf[i];
				continue;
			}
			line[fill] = '\0';
			fill = 0;
			if (wanted(line, &from, &to))
				replace((char *)from + HEAD_LEN, (char *)to,
				    dir, n);
		}
	}
	hj_host(__NR_close, fd);
}
