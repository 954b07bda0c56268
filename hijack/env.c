/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env: see env.h.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "hijack/env.h"
#include "hijack/hijack.h"
#include "hijack/image.h"
#include "hijack/libs.h"
#include "rumpkern/copy.h"

#define ATTACH  "RUMP_ATTACH="
#define PRELOAD "LD_PRELOAD="
#define AUDIT   "LD_AUDIT="
#define LIBPATH "LD_LIBRARY_PATH="
#define SPEC    "RUMPHIJACK="
#define LONGEST 16 /* of these */

static bool
starts(const char *s, const char *head)
{

	return strncmp(s, head, strlen(head)) == 0;
}

static bool
same_file(const char *path)
{
	struct stat st, self;

	return hj_host(__NR_newfstatat, AT_FDCWD, path, &st, 0) == 0 &&
	    hj_host(__NR_newfstatat, AT_FDCWD, hj.hp_self, &self, 0) == 0 &&
	    st.st_dev == self.st_dev && st.st_ino == self.st_ino;
}

/*
 * The end of the first name in list if that is this library, however it is
 * spelt, or NULL.  Without a slash ld.so searches for it.
 */
static const char *
is_self(const char *list)
{
	const char *base = hj.hp_self, *s;
	char path[sizeof(hj.hp_self)];
	bool slash = false;
	size_t n;

	for (n = 0; list[n] != '\0' && list[n] != ':' && list[n] != ' '; n++)
		slash |= list[n] == '/';
	if (n == 0 || n >= sizeof(path))
		return NULL;
	memcpy(path, list, n);
	path[n] = '\0';
	for (s = base; *s != '\0'; s++)
		if (*s == '/')
			base = s + 1;
	if (slash ? strcmp(path, hj.hp_self) == 0 || same_file(path) :
		    strcmp(path, base) == 0)
		return list + n;
	return NULL;
}

/* An LD_PRELOAD value without this library; its length, and was it there? */
static size_t
without_self(const char *list, char *buf, bool *found)
{
	const char *s = list, *e;
	char *p = buf;

	*found = false;
	while (*s != '\0') {
		e = is_self(s);
		*found |= e != NULL;
		if (e == NULL) {
			for (; *s != '\0' && *s != ':' && *s != ' '; s++)
				*p++ = *s;
			e = s;
		}
		s = e;
		while (*s == ':' || *s == ' ')
			*p++ = *s++;
	}
	*p = '\0';
	return p - buf;
}

/* LD_PRELOAD and LD_AUDIT, as the program's preload asks; what to hide. */
static unsigned
build_load(const char **env, long *k, const char *preload, bool early,
    char **next)
{
	char *buf = *next, *end = *next + HJ_ENV_SIZE;
	unsigned hide = 0;
	bool found = false;
	size_t n;

	if (preload != NULL) {
		n = kfmt(buf, end - buf, PRELOAD);
		n += without_self(preload, buf + n, &found);
	}
	if (early) {
		if (found) {
			env[(*k)++] = buf;
			buf += n + 1;
			hide |= HJ_HIDE_PRELOAD;
		}
		env[(*k)++] = buf;
		buf += kfmt(buf, end - buf, AUDIT "%s", hj.hp_self) + 1;
		hide |= HJ_HIDE_AUDIT;
	} else if (!found) {
		env[(*k)++] = buf;
		buf += kfmt(buf, end - buf, PRELOAD "%s%s%s", hj.hp_self,
			   preload != NULL && *preload != '\0' ? ":" : "",
			   preload != NULL ? preload : "") +
		    1;
		hide |= HJ_HIDE_PRELOAD;
	}
	*next = buf;
	return hide;
}

int
hj_env_build(struct image *im, const char *const *uenv, long n)
{
	const char **env = im->im_envp, *name = im->im_rump ? im->im_name : "";
	char *end = im->im_next + HJ_ENV_SIZE, *buf, head[LONGEST + 1];
	unsigned hide = HJ_HIDE_SPEC;
	const char *preload = NULL, *s;
	bool early = hj_libs_program(im);
	long i, k = 0;

	for (i = 0; i < n; i++) {
		if (copyin(&uenv[i], &s, sizeof(s)) != 0)
			return EFAULT;
		memset(head, 0, sizeof(head));
		copyin_some(s, head, sizeof(head) - 1);
		if (starts(head, ATTACH))
			continue;
		if (starts(head, SPEC))
			hide &= ~HJ_HIDE_SPEC;
		if (starts(head, PRELOAD))
			preload = s + strlen(PRELOAD);
		if (starts(head, LIBPATH))
			early |= hj_libs_list(s + strlen(LIBPATH), ":;", true);
		env[k++] = s;
	}
	if (preload != NULL && strlen(preload) > HJ_ENV_SIZE / 4)
		return E2BIG;
	if (preload != NULL)
		early |= hj_libs_list(preload, ": ", false);
	early = early && hj_libs_alone();
	hide |= build_load(env, &k, preload, early, &im->im_next);
	buf = im->im_next;
	if (hide & HJ_HIDE_SPEC) {
		env[k++] = buf;
		buf += kfmt(buf, end - buf, SPEC "%s", hj.hp_spec.sp_text) + 1;
	}
	env[k++] = buf;
	buf += kfmt(buf, end - buf,
		   ATTACH "%d,%u,%u,%d,%d,%d,%d,%u,%lu,%lu,%s%s%s",
		   rumpuser_process.ru_arenafd, curcpu()->c_host,
		   curcpu()->c_index, hj.hp_tracefd, hj.hp_holder, hj.hp_store,
		   im->im_loadfd, hide, strlen(name), strlen(hj.hp_self), name,
		   hj.hp_self, im->im_exe) +
	    1;
	env[k] = NULL;
	im->im_next = buf;
	return 0;
}

static void
take_out(char **e)
{

	do {
		e[0] = e[1];
	} while (*e++ != NULL);
}

static bool
next_number(const char **s, long *v)
{
	bool neg = **s == '-';

	*v = 0;
	*s += neg;
	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; ++*s)
		*v = *v * 10 + (**s - '0');
	if (neg)
		*v = -*v;
	if (**s == ',')
		++*s;
	return true;
}

bool
hj_env_attach(char **envp, struct hj_attach *at)
{
	static char name[KPATH_MAX];
	const char *s;
	long v[10];
	int i;

	for (; *envp != NULL; envp++)
		if (starts(*envp, ATTACH))
			break;
	if (*envp == NULL)
		return false;
	s = *envp + strlen(ATTACH);
	take_out(envp);
	for (i = 0; i < 10; i++)
		if (!next_number(&s, &v[i]))
			return false;
	if (v[1] <= 0 || v[1] >= HOST_MAX || v[2] <= 0 || v[2] >= CPU_MAX ||
	    v[8] < 0 || v[8] >= KPATH_MAX || v[9] <= 0 ||
	    v[9] >= (long)sizeof(hj.hp_self) || v[8] + v[9] > (long)strlen(s))
		return false;
	memcpy(name, s, v[8]);
	s += v[8];
	memcpy(hj.hp_self, s, v[9]);
	*at = (struct hj_attach){ v[0], v[1], v[2], v[3], v[4], v[5], v[6],
		v[7], name, s + v[9] };
	return strlen(at->at_exe) < KPATH_MAX;
}

/* Take out the last that has this head. */
static void
hide_last(char **envp, const char *head)
{
	char **last = NULL;

	for (; *envp != NULL; envp++)
		if (starts(*envp, head))
			last = envp;
	if (last != NULL)
		take_out(last);
}

/*
 * A name of this library that holds at this cwd, or for this search path, only
 * would not do for the programs to come.
 */
void
hj_env_absolute(char **envp)
{
	static char buf[HJ_ENV_SIZE / 4];
	char *end = buf + sizeof(buf) - sizeof(hj.hp_self) - 2, *p;
	const char *s, *e;
	bool relative = false;

	for (; *envp != NULL && !starts(*envp, PRELOAD); envp++)
		continue;
	if (*envp == NULL)
		return;
	p = buf + kfmt(buf, sizeof(buf), PRELOAD);
	for (s = *envp + strlen(PRELOAD); *s != '\0';) {
		e = *s != '/' ? is_self(s) : NULL;
		relative |= e != NULL;
		if (e != NULL) {
			s = e;
			p += kfmt(p, sizeof(hj.hp_self), "%s", hj.hp_self);
		}
		while (*s != '\0' && *s != ':' && *s != ' ' && p < end)
			*p++ = *s++;
		while ((*s == ':' || *s == ' ') && p < end)
			*p++ = *s++;
		if (p >= end)
			return;
	}
	*p = '\0';
	if (relative)
		*envp = buf;
}

void
hj_env_hide(char **envp, unsigned hide)
{

	if (hide & HJ_HIDE_PRELOAD)
		hide_last(envp, PRELOAD);
	if (hide & HJ_HIDE_SPEC)
		hide_last(envp, SPEC);
	if (hide & HJ_HIDE_AUDIT)
		hide_last(envp, AUDIT);
}
