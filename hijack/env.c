/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env: see env.h.
 */
#include "hijack/env.h"
#include "hijack/hijack.h"
#include "hijack/image.h"
#include "rumpkern/copy.h"

#define ATTACH	"RUMP_ATTACH="
#define PRELOAD	"LD_PRELOAD="
#define SPEC	"RUMPHIJACK="

static bool
starts(const char *s, const char *head)
{

	return strncmp(s, head, strlen(head)) == 0;
}

/* Does an LD_PRELOAD value name this library? */
static bool
has_self(const char *list)
{
	size_t n = strlen(hj.hp_self);
	const char *s = list;

	while (*s != '\0') {
		if (strncmp(s, hj.hp_self, n) == 0 && (s[n] == '\0' ||
		    s[n] == ':' || s[n] == ' '))
			return true;
		while (*s != '\0' && *s != ':' && *s != ' ')
			s++;
		while (*s == ':' || *s == ' ')
			s++;
	}
	return false;
}

int
hj_env_build(struct image *im, const char *const *uenv, long n)
{
	const char **env = im->im_envp, *name = im->im_rump ? im->im_name : "";
	unsigned hide = HJ_HIDE_PRELOAD | HJ_HIDE_SPEC;
	char *buf = im->im_next, *end = buf + HJ_ENV_SIZE;
	const char *preload = NULL, *s;
	long i, k = 0, at = -1;
	char head[16];

	for (i = 0; i < n; i++) {
		if (copyin(&uenv[i], &s, sizeof(s)) != 0)
			return EFAULT;
		memset(head, 0, sizeof(head));
		copyin_some(s, head, sizeof(head) - 1);
		if (starts(head, ATTACH))
			continue;
		if (starts(head, SPEC))
			hide &= ~HJ_HIDE_SPEC;
		if (starts(head, PRELOAD)) {
			at = k;
			preload = s + strlen(PRELOAD);
			hide &= ~HJ_HIDE_PRELOAD;
		}
		env[k++] = s;
	}
	if (preload == NULL) {
		env[k++] = buf;
		buf += kfmt(buf, end - buf, PRELOAD "%s", hj.hp_self) + 1;
	} else if (!has_self(preload)) {
		hide |= HJ_HIDE_SELF;
		env[at] = buf;
		buf += kfmt(buf, end - buf, PRELOAD "%s%s%s", hj.hp_self,
		    *preload != '\0' ? ":" : "", preload) + 1;
	}
	if (hide & HJ_HIDE_SPEC) {
		env[k++] = buf;
		buf += kfmt(buf, end - buf, SPEC "%s",
		    hj.hp_spec.sp_text) + 1;
	}
	env[k++] = buf;
	buf += kfmt(buf, end - buf, ATTACH "%d,%u,%u,%d,%u,%lu,%s%s",
	    rumpuser_process.ru_arenafd, curcpu()->c_host,
	    curcpu()->c_index, hj.hp_tracefd, hide, strlen(name), name,
	    im->im_exe) + 1;
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
	long v[6];
	int i;

	for (; *envp != NULL; envp++)
		if (starts(*envp, ATTACH))
			break;
	if (*envp == NULL)
		return false;
	s = *envp + strlen(ATTACH);
	take_out(envp);
	for (i = 0; i < 6; i++)
		if (!next_number(&s, &v[i]))
			return false;
	if (v[1] <= 0 || v[1] >= HOST_MAX || v[2] <= 0 || v[2] >= CPU_MAX ||
	    v[5] < 0 || v[5] >= KPATH_MAX || v[5] > (long)strlen(s))
		return false;
	memcpy(name, s, v[5]);
	*at = (struct hj_attach){ v[0], v[1], v[2], v[3], v[4], name,
	    s + v[5] };
	return strlen(at->at_exe) < KPATH_MAX;
}

void
hj_env_hide(char **envp, unsigned hide)
{
	char *s, *rest;

	while (*envp != NULL) {
		s = *envp;
		if ((starts(s, PRELOAD) && (hide & HJ_HIDE_PRELOAD)) ||
		    (starts(s, SPEC) && (hide & HJ_HIDE_SPEC))) {
			take_out(envp);
			continue;
		}
		if (starts(s, PRELOAD) && (hide & HJ_HIDE_SELF)) {
			for (rest = s; *rest != '\0' && *rest != ':'; rest++)
				continue;
			rest += *rest == ':';
			memmove(s + strlen(PRELOAD), rest, strlen(rest) + 1);
		}
		envp++;
	}
}
