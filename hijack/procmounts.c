/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procmounts: /proc/self/mountinfo and the like tell of the rump kernel's file
 * system, at every place where it is, as if it were mounted there: after what
 * the host says.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/openat2.h>

#include "hijack/hijack.h"
#include "rumpkern/copy.h"
#include "rumpvfs/procmounts.h"
#include "rumpvfs/vnode.h"
#include "syscalls/dispatch.h"

/* The mount that a place is in: its number, and how long its name is. */
struct parent {
	int pa_id;
	size_t pa_len;
};

/* The host's file of this name, if the call is to read it. */
static int
open_hosts(const struct hj_frame *hf, const struct hj_callinfo *ci,
    const char *path)
{
	struct open_how how = { .flags = O_DIRECTORY };
	long fd;
	int high;

	if (hf->hf_nr == __NR_open || hf->hf_nr == __NR_openat)
		how.flags = hf->hf_args[ci->hc_path];
	else if (hf->hf_nr != __NR_openat2 ||
	    copyin((void *)hf->hf_args[2], &how, sizeof(how)) != 0)
		return -1;
	if (how.flags & (O_ACCMODE | O_CREAT | O_DIRECTORY | O_PATH))
		return -1;
	fd = hj_host(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	high = hj_fd_move_up(fd);
	hj_host(__NR_close, fd);
	return high;
}

static int
number(const char **s)
{
	int n = 0;

	for (; **s >= '0' && **s <= '9'; ++*s)
		n = n * 10 + (**s - '0');
	return n;
}

/* A line of mountinfo: which of our places are in that mount? */
static void
look_at(const char *line, const char *end, struct parent *pa)
{
	const struct hj_prefix *px;
	const char *s = line, *e;
	size_t len;
	int i, id = number(&s);

	for (i = 0; i < 4 && s != NULL; i++)
		s = memchr(s + (i != 0), ' ', end - s - (i != 0));
	if (s == NULL || (e = memchr(s + 1, ' ', end - s - 1)) == NULL)
		return;
	len = e - ++s;
	if (len == 1)
		len = 0; /* "/" */
	for (i = 0; i < hj.hp_spec.sp_nprefix; i++) {
		px = &hj.hp_spec.sp_prefix[i];
		if (len < px->px_len && px->px_path[len] == '/' &&
		    memcmp(s, px->px_path, len) == 0 && len >= pa[i].pa_len) {
			pa[i].pa_id = id;
			pa[i].pa_len = len;
		}
	}
}

/* What the host says, as it is. */
static void
copy_hosts(struct procbuf *pb, int fd, struct parent *pa)
{
	char *buf = curcpu()->c_hjpath[2], *s, *e;
	size_t have = 0;
	long n;

	while ((n = hj_host(__NR_read, fd, buf + have, KPATH_MAX - have)) > 0) {
		have += n;
		for (s = buf; (e = memchr(s, '\n', buf + have - s)) != NULL;
		     s = e + 1)
			look_at(s, e, pa);
		/* A line that does not fit is not looked at. */
		if (s == buf && have == KPATH_MAX)
			s = buf + have;
		proc_put(pb, buf, s - buf);
		have -= s - buf;
		memmove(buf, s, have);
	}
	proc_put(pb, buf, have);
}

static void
tell(struct procbuf *pb, int how)
{
	struct parent pa[HJ_PREFIX_MAX] = { 0 };
	const struct hj_prefix *px;
	int fd = hj_thread.ht_mounts - 1, i;

	if (fd >= 0)
		copy_hosts(pb, fd, pa);
	for (i = 0; i < hj.hp_spec.sp_nprefix; i++) {
		px = &hj.hp_spec.sp_prefix[i];
		procmounts_line(pb, how, VFS_MOUNTID + i, pa[i].pa_id,
		    px->px_path, px->px_strip ? 0 : px->px_len, px->px_path);
	}
}

void
hj_procmounts_init(void)
{

	rumpuser_process.ru_mounts = tell;
}

/* Is /etc/mtab what it should be? */
static bool
is_mtab(const char *path)
{
	char link[32];
	long n;

	if (strcmp(path, "/etc/mtab") != 0)
		return false;
	n = hj_host(__NR_readlink, path, link, sizeof(link) - 1);
	if (n <= 0)
		return false;
	link[n] = '\0';
	path = strncmp(link, "..", 2) == 0 ? link + 2 : link;
	return strcmp(path, "/proc/mounts") == 0 ||
	    strcmp(path, "/proc/self/mounts") == 0;
}

long
hj_procmounts_call(struct hj_frame *hf, const struct hj_callinfo *ci,
    const char *path)
{
	static const char *const names[] = { "/proc/mounts", "/proc/mountinfo",
		"/proc/mountstats" };
	const char *ours = NULL, *rest;
	long args[6], ret;
	size_t i;
	int fd;

	if (hj.hp_spec.sp_nprefix == 0)
		return HJ_TO_HOST;
	if (strcmp(path, names[MOUNTS_MOUNTS]) == 0 || is_mtab(path))
		ours = names[MOUNTS_MOUNTS];
	else if ((rest = hj_procnet_process(path)) != NULL)
		for (i = 0; i < nelem(names); i++)
			if (strcmp(rest, names[i] + strlen("/proc/")) == 0)
				ours = names[i];
	if (ours == NULL || (fd = open_hosts(hf, ci, path)) < 0)
		return HJ_TO_HOST;
	hj_thread.ht_mounts = fd + 1;
	memcpy(args, hf->hf_args, sizeof(args));
	args[ci->hc_path - 1] = (long)ours;
	if (ci->hc_dirfd)
		args[ci->hc_dirfd - 1] = AT_FDCWD;
	ret = sys_call(ci->hc_rsys, args);
	hj_thread.ht_mounts = 0;
	hj_host(__NR_close, fd);
	return ret;
}
