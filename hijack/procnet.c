/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procnet: paths like /proc/net/tcp and /proc/sys/net/ipv4/...: the network
 * that the program is on is this kernel's, and so are the files that tell of
 * it, as far as this kernel has them.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "hijack/hijack.h"
#include "rumpkern/arena.h"
#include "syscalls/dispatch.h"

static const char *
after(const char *path, const char *head)
{
	size_t n = strlen(head);

	return strncmp(path, head, n) == 0 ? path + n : NULL;
}

/* A number and a slash; NULL: no such. */
static const char *
after_number(const char *s, int *n)
{
	if (*s < '0' || *s > '9')
		return NULL;
	for (*n = 0; *s >= '0' && *s <= '9' && *n < 1 << 24; s++)
		*n = *n * 10 + (*s - '0');
	return *s == '/' ? s + 1 : NULL;
}

static bool
is_process(int pid)
{
	uint32_t i, n = atomic_load(&ARENA->a_nhosts);

	for (i = 1; i < n; i++)
		if (atomic_load(&host_byindex(i)->h_state) == HOST_LIVE &&
		    host_byindex(i)->h_pid == pid)
			return true;
	return false;
}

const char *
hj_procnet_process(const char *path)
{
	const char *s = after(path, "/proc/"), *t;
	int pid, tid;

	if (s == NULL)
		return NULL;
	if ((t = after(s, "self/")) == NULL &&
	    (t = after(s, "thread-self/")) == NULL) {
		t = after_number(s, &pid);
		if (t == NULL || !is_process(pid))
			return NULL;
	}
	s = after(t, "task/");
	return s != NULL ? after_number(s, &tid) : t;
}

/* What follows /proc/net, whichever way that is spelt; NULL: it is not. */
static const char *
in_net(const char *path)
{
	const char *s = hj_procnet_process(path);

	if (s == NULL)
		s = after(path, "/proc/");
	if (s == NULL)
		return NULL;
	s = after(s, "net");
	return s != NULL && (*s == '/' || *s == '\0') ? s : NULL;
}

/* Is the program on this kernel's network, as far as that file tells? */
static bool
is_ours(const char *rest)
{
	if (strcmp(rest, "/unix") == 0)
		return hj_family_isrump(AF_UNIX);
	if (strcmp(rest, "/netlink") == 0)
		return hj_family_isrump(AF_NETLINK);
	if (strcmp(rest, "/packet") == 0)
		return hj_family_isrump(AF_PACKET);
	return hj_family_isrump(AF_INET) || hj_family_isrump(AF_INET6);
}

long
hj_procnet_chdir(const char *path)
{
	const char *rest = in_net(path);
	long args[6] = { (long)"/proc/net" };

	if (rest == NULL || !is_ours(rest) ||
	    (rest[0] != '\0' && rest[1] != '\0'))
		return HJ_TO_HOST;
	return sys_call(RSYS_chdir, args);
}

long
hj_procnet_call(struct hj_frame *hf, const struct hj_callinfo *ci,
    const char *path)
{
	const char *rest = in_net(path), *kpath = path;
	char *buf = curcpu()->c_hjpath[1];
	long args[6], ret;

	if (rest != NULL) {
		if (!is_ours(rest) || strlen(rest) > KPATH_MAX / 2)
			return HJ_TO_HOST;
		/* The host's /proc/net is a symlink, and looks like one. */
		if (*rest == '\0' && hj_callnofollow(hf, ci))
			return HJ_TO_HOST;
		kfmt(buf, KPATH_MAX, "/proc/net%s", rest);
		kpath = buf;
	} else if (after(path, "/proc/sys/net/") == NULL || !is_ours(""))
		return HJ_TO_HOST;
	memcpy(args, hf->hf_args, sizeof(args));
	args[ci->hc_path - 1] = (long)kpath;
	if (ci->hc_dirfd)
		args[ci->hc_dirfd - 1] = AT_FDCWD;
	ret = sys_call(ci->hc_rsys, args);
	return ret == -ENOENT ? HJ_TO_HOST : ret;
}
