/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start: the constructor.  It runs before any other library's, even libc's
 * (-z initfirst), so it may use nothing of libc.
 *
 * A process that was executed by one with the shim finds RUMP_ATTACH in its
 * environment and goes on as the same proc; any other boots a kernel of its
 * own.  Then libc's and ld.so's system calls are rewritten.
 */
#include <asm/unistd.h>
#include <elf.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include "hijack/env.h"
#include "hijack/hijack.h"
#include "hijack/libs.h"
#include "hijack/store.h"
#include "hijack/transit.h"
#include "hijack/uring.h"
#include "rump/rump.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpvfs/mapping.h"
#include "rumpvfs/vnode.h"
#include "syscalls/dispatch.h"
#include "syscalls/init.h"

#define DEFAULT_SPEC "path=/rump,socket=all:nolocal"
#define EXIT_OURS    125

/* What is left to do once libc is in memory. */
static struct {
	bool pending;
	struct hj_auxinfo ai;
	char **envp;
	unsigned hide;
} late;

struct hj_process hj = { .hp_holder = -1,
	.hp_tracefd = -1,
	.hp_store = -1,
	.hp_kick = -1 };

_Noreturn void
hj_die(int status, const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = kfmt(buf, sizeof(buf), "rumphijack: ");
	n += kvfmt(buf + n, sizeof(buf) - n - 1, fmt, &ap);
	va_end(ap);
	buf[n++] = '\n';
	rumpuser_message(buf, n);
	for (;;)
		hj_host(__NR_exit_group, status);
}

void
hj_trace_note(const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	size_t n;

	if (hj.hp_tracefd < 0)
		return;
	n = kfmt(buf, sizeof(buf), "[pid %d] ", rumpuser_gettid());
	va_start(ap, fmt);
	n += kvfmt(buf + n, sizeof(buf) - n - 1, fmt, &ap);
	va_end(ap);
	buf[n++] = '\n';
	hj_host(__NR_write, hj.hp_tracefd, buf, n);
}

/* This library's path: from the map of the memory it lies in. */
static void
find_self(void)
{
	static char buf[16 * 1024];
	uintptr_t here = (uintptr_t)&find_self, from, to;
	char *s, *e, *end;
	size_t have = 0;
	long fd, n;

	fd = hj_host(__NR_openat, AT_FDCWD, "/proc/self/maps",
	    O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		hj_die(EXIT_OURS, "/proc is not mounted");
	while ((n = hj_host(__NR_read, fd, buf + have,
		    sizeof(buf) - 1 - have)) > 0) {
		end = buf + have + n;
		for (s = buf; (e = memchr(s, '\n', end - s)) != NULL;
		     s = e + 1) {
			*e = '\0';
			from = to = 0;
			for (; *s != '-'; s++)
				from = from * 16 +
				    (*s <= '9' ? *s - '0' : *s - 'a' + 10);
			for (s++; *s != ' '; s++)
				to = to * 16 +
				    (*s <= '9' ? *s - '0' : *s - 'a' + 10);
			s = memchr(s, '/', e - s);
			if (here < from || here >= to || s == NULL)
				continue;
			if ((size_t)(e - s) < sizeof(hj.hp_self))
				memcpy(hj.hp_self, s, e - s + 1);
			goto out;
		}
		have = end - s;
		memmove(buf, s, have);
	}
out:
	hj_host(__NR_close, fd);
	if (hj.hp_self[0] == '\0')
		hj_die(EXIT_OURS, "cannot tell the path of this library");
}

/* RUMPHIJACK_TRACE: [all,]file; "-", or none: standard error. */
static void
open_trace(void)
{
	const char *s = rumpuser_getenv("RUMPHIJACK_TRACE");
	long fd = 2, n;

	if (s == NULL || hj.hp_tracefd >= 0)
		goto all;
	if (strncmp(s, "all", 3) == 0 && (s[3] == '\0' || s[3] == ','))
		s += s[3] == ',' ? 4 : 3;
	if (*s != '\0' && strcmp(s, "-") != 0) {
		fd = hj_host(__NR_openat, AT_FDCWD, s,
		    O_WRONLY | O_CREAT | O_APPEND, 0666);
		if (fd < 0)
			hj_die(EXIT_OURS, "RUMPHIJACK_TRACE: cannot write %s",
			    s);
	}
	n = hj_host(__NR_fcntl, fd, F_DUPFD, 1000);
	if (n < 0)
		n = hj_host(__NR_fcntl, fd, F_DUPFD, 10);
	if (fd != 2)
		hj_host(__NR_close, fd);
	hj.hp_tracefd = n;
all:
	s = rumpuser_getenv("RUMPHIJACK_TRACE");
	hj.hp_traceall = s != NULL && strncmp(s, "all", 3) == 0 &&
	    (s[3] == '\0' || s[3] == ',');
}

/* Symlinks of the kernel's own that name the prefix need not leave it. */
static void
set_prefix(void)
{
	const struct hj_spec *sp = &hj.hp_spec;
	const struct hj_prefix *px = NULL;
	int i;

	for (i = 0; i < sp->sp_nprefix; i++)
		if (sp->sp_prefix[i].px_strip)
			px = &sp->sp_prefix[i];
	for (i = 0; i < sp->sp_nprefix && px != NULL; i++)
		if (px != &sp->sp_prefix[i] &&
		    strncmp(px->px_path, sp->sp_prefix[i].px_path,
			px->px_len) == 0)
			px = NULL; /* one below it is another's */
	if (px != NULL) {
		rumpuser_process.ru_prefix = px->px_path;
		rumpuser_process.ru_prefixlen = px->px_len;
	}
}

static void
read_spec(void)
{
	const char *s = rumpuser_getenv("RUMPHIJACK");
	char msg[256];

	if (hj_spec_parse(&hj.hp_spec, s != NULL ? s : DEFAULT_SPEC, msg,
		sizeof(msg)) != 0)
		hj_die(EXIT_OURS, "%s", msg);
	rumpuser_process.ru_hostfamilies = ~hj.hp_spec.sp_socket;
	set_prefix();
}

static void
check(int error, const char *what)
{

	switch (error) {
	case 0:
		return;
	case EEXIST:
		hj_die(EXIT_OURS, "%s: the kernel's addresses are taken", what);
	case ENOEXEC:
		hj_die(EXIT_OURS, "%s: made by another build of this library",
		    what);
	}
	hj_die(EXIT_OURS, "%s: error %d", what, error);
}

/* A blanket's directory is made with those above it. */
static void
make_blanket(const struct hj_prefix *px)
{
	char *path = curcpu()->c_hjpath[0];
	long args[6] = { AT_FDCWD, (long)path, 0755 };
	size_t i;

	for (i = 1; i <= px->px_len; i++) {
		if (i < px->px_len && px->px_path[i] != '/')
			continue;
		memcpy(path, px->px_path, i);
		path[i] = '\0';
		sys_call(RSYS_mkdirat, args); /* or it is there already */
	}
}

static void
make_blankets(void)
{
	int i;

	for (i = 0; i < hj.hp_spec.sp_nprefix; i++)
		if (!hj.hp_spec.sp_prefix[i].px_strip)
			make_blanket(&hj.hp_spec.sp_prefix[i]);
}

/* The first process: a new kernel, and its first proc. */
static void
boot(void)
{
	const char *limit = rumpuser_getenv("RUMP_MEMLIMIT");
	struct vnode *root;
	struct cred *cr;
	uint64_t size;
	struct lwp *l;

	if (rumpuser_getenv("RUMP_SERVER") != NULL)
		hj_die(EXIT_OURS,
		    "RUMP_SERVER: a kernel that others keep cannot be joined");
	if (limit != NULL && arena_parse_size(limit, &size) != 0)
		hj_die(EXIT_OURS, "RUMP_MEMLIMIT: malformed size: %s", limit);
	check(kern_boot(NULL), "boot");
	check(-hj_fd_init(rumpuser_process.ru_arenafd, -1), "descriptors");
	hj_store_create();
	check(proc_fork(ARENA->a_lwproc->ls_init, RUMP_RFCFDG, NULL, &l),
	    "first process");
	lwp_switch(l);
	l = curcpu()->c_implicit;
	curcpu()->c_implicit = NULL;
	lwp_release(l);
	hj.hp_proc = curlwp()->l_proc;
	proc_setflag(hj.hp_proc, PROC_HIJACK | PROC_HOSTCWD, true);
	host_byindex(curcpu()->c_host)->h_flags = HOST_HIJACK;
	host_byindex(curcpu()->c_host)->h_proc = hj.hp_proc;
	hj_ids_load(hj.hp_proc);
	/* The root directory belongs to whoever booted the kernel. */
	root = ARENA->a_vfs->vs_root.fs_root;
	cr = &hj.hp_proc->p_cred;
	kmutex_enter(&root->v_lock);
	KSET(root->v_uid, cr->cr_euid);
	KSET(root->v_gid, cr->cr_egid);
	klog_commit();
	kmutex_exit(&root->v_lock);
}

/* The host ran a copy, or an interpreter: say what the program ran. */
static void
take_name(const struct hj_attach *at, Elf64_auxv_t *av)
{
	const char *base = at->at_name, *s;

	if (*base == '\0')
		return;
	for (s = base; *s != '\0'; s++)
		if (*s == '/')
			base = s + 1;
	hj_host(__NR_prctl, PR_SET_NAME, base);
	memcpy(hj.hp_exe, at->at_exe, strlen(at->at_exe) + 1);
	for (; av->a_type != AT_NULL; av++)
		if (av->a_type == AT_EXECFN)
			av->a_un.a_val = (uintptr_t)at->at_name;
}

/* An executed process: the proc it was goes on. */
static void
attach(const struct hj_attach *at)
{
	struct host *h;
	struct cpu *c;

	check(arena_attach(at->at_fd), "exec");
	h = host_byindex(at->at_host);
	c = cpu_byindex(at->at_cpu);
	if (h->h_pid != rumpuser_getpid() || c->c_host != at->at_host ||
	    CPU_STATE_OF(c->c_state) != CPU_LIVE || c->c_lwp == NULL)
		hj_die(EXIT_OURS, "exec: this is not the process it was");
	rumpuser_process.ru_host = at->at_host;
	kcurcpu = c;
	check(cpu_resume(c), "exec");
	check(-rumpuser_mark_mine(), "exec");
	check(-hj_fd_init(at->at_fd, at->at_holder), "descriptors");
	hj_store_attach(at->at_store);
	hj.hp_tracefd = at->at_tracefd;
	hj.hp_proc = curlwp()->l_proc;
	if (atomic_load(&ARENA->a_nhosts) > 1)
		reap_all();
	mapping_remove(h, 0, UINT64_MAX);
	if (at->at_close >= 0)
		hj_host(__NR_close, at->at_close);
	fdesc_closeexec(curlwp());
	hj_transit_sweep();
	hj_ids_load(hj.hp_proc);
}

_Static_assert(sizeof(struct hj_sitecache) <= sizeof(ARENA->a_sitecache),
    "arena.h");

/* share: whoever is the only process of its kernel need not leave a text. */
static void
rewrite(const struct hj_auxinfo *ai, unsigned which, bool share)
{
	const char *why = NULL;

	if (hj_rewrite(ai, which, (struct hj_sitecache *)ARENA->a_sitecache,
		share, &why) < 0)
		hj_die(EXIT_OURS, "cannot rewrite libc's system calls: %s",
		    why != NULL ? why : "unknown");
}

void
hj_start_late(void)
{

	if (!late.pending)
		return;
	late.pending = false;
	/* libc has made its list of robust futexes since. */
	rumpuser_bell_arm(&ARENA->a_bell, &ARENA->a_robust);
	rewrite(&late.ai, HJ_BIT(HJ_MOD_LIBC), true);
	hj_uring_init(&late.ai);
	hj_env_hide(late.envp, late.hide);
}

static void __attribute__((constructor))
start(int argc, char **argv, char **envp)
{
	struct hj_auxinfo ai;
	struct hj_attach at;
	Elf64_auxv_t *auxv;
	char **e;
	bool attached;

	(void)argc;
	(void)argv;
	hj_auxinfo_init(&ai, envp);
	for (e = envp; *e != NULL; e++)
		continue;
	auxv = (void *)(e + 1);
	attached = hj_env_attach(envp, &at);
	check(kern_start(envp), "RUMP_SPIN_US");
	read_spec();
	if (attached) {
		attach(&at);
	} else {
		find_self();
		boot();
		hj_env_absolute(envp);
	}
	make_blankets();
	open_trace();
	hj_signal_init();
	rumpuser_process.ru_cut = hj_signal_cut;
	rumpuser_process.ru_sweep = hj_transit_sweep;
	hj_procmounts_init();
	hj_dispatch_init();
	if (attached)
		take_name(&at, auxv);
	if (attached && (at.at_hide & HJ_HIDE_AUDIT)) {
		/* ld.so is about to look for libc and the others. */
		late.ai = ai;
		late.envp = envp;
		late.hide = at.at_hide;
		late.pending = true;
		if (at.at_exe[0] != '\0')
			hj_origin_fix(at.at_exe);
		rewrite(&ai, HJ_BIT(HJ_MOD_LDSO), true);
		return;
	}
	rewrite(&ai, HJ_MOD_BOTH, attached);
	hj_uring_init(&ai);
	if (attached)
		hj_env_hide(envp, at.at_hide);
}

/* The kernel's rump_sys_*() set errno; here nobody calls them. */
int *__errno_location(void);
int *
__errno_location(void)
{
	static int e;

	return &e;
}
