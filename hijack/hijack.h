/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim's own interfaces: from a system call of the program to the kernel
 * that answers it.
 *
 * Theory of operation
 *
 *	hj_dispatch() (dispatch.c) sees every call whose route is not "host".
 *	It asks where the call belongs: by descriptor (fd.c) or by path (path.c).
 *	A host call goes back to the stub untouched.  A rump call enters the
 *	kernel between hj_enter() and hj_leave() (signal.c): signals that
 *	arrive meanwhile are noted and raised again afterwards, so that a
 *	handler never runs while its thread is in the kernel.
 *	Calls that mean something to both sides (close, dup, fork, exec,
 *	chdir ...) have a function of their own, hj_sys_NAME().
 *
 * Nothing here allocates, uses stdio or locale, or takes a lock that is not
 * the kernel's: it runs in constructors, handlers and the children of vfork.
 */
#ifndef HIJACK_HIJACK_H
#define HIJACK_HIJACK_H

#include <linux/sockios.h>

#include "hijack/rewrite.h"
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/kern.h"
#include "syscalls/sysnum.h"
#include "syscalls/sysroute.h"

#define HJ_NSIG       65
#define HJ_PREFIX_MAX 16

/* RUMPHIJACK, parsed; see rumphijack(3). */
struct hj_prefix {
	const char *px_path; /* absolute, without a slash at the end */
	size_t px_len;
	bool px_strip; /* path=: the kernel sees what is below it */
};

struct hj_spec {
	int sp_nprefix;
	struct hj_prefix sp_prefix[HJ_PREFIX_MAX];
	bool sp_pipe;        /* pipe=yes: pipes are rump's */
	uint64_t sp_socket;  /* 1 << AF_*: sockets that are rump's */
	char sp_text[1024];  /* RUMPHIJACK as given, for the next exec */
	char sp_store[1024]; /* the prefixes */
};

/* What is private to this process.  A child of vfork shares it: read only. */
struct hj_process {
	struct hj_spec hp_spec;
	struct hj_aio *hp_aio; /* see aio.c; NULL: there is no context */
	bool hp_traceall;
	bool hp_lazymaps;  /* see hj_mmap_ready() */
	char hp_self[512]; /* this library's path */
	char hp_exe[4096]; /* /proc/self/exe if that is rump's, or "" */
	/* The host's idea of the cwd; guarded by hp_cwdlock. */
	_Atomic uint32_t hp_cwdstate;
	uint32_t hp_cwdlen;
	char hp_cwd[4096];
	/* Last, and so near rumpuser_process: what a fork changes. */
	struct proc *hp_proc; /* the proc of this host process */
	int hp_holder;        /* the placeholder, O_PATH */
	int hp_tracefd;       /* -1: no trace */
	int hp_store;         /* see store.c; -1: none */
	int hp_kick;          /* see kick.c; -1: none */
	int hp_kickowner;     /* who has its signals */
	uint64_t hp_kickname;
};

extern struct hj_process hj;

#define HJ_NOURS  5 /* descriptors of the shim's own */
#define HJ_VFORKS 4 /* as deep as children of vfork may call vfork */

/* A thread that waits for its child of vfork to let go of its memory. */
struct hj_vfork {
	struct cpu *vf_cpu;
	uint64_t vf_sigmask;
	struct host *vf_childhost;
	uint64_t vf_childfork;
	int vf_fds[HJ_NOURS];
};

/* What is private to a thread; a child of vfork shares its parent's. */
struct hj_thread {
	uint32_t ht_busy;      /* in the kernel: defer signals */
	uint32_t ht_restart;   /* the signals raised allow a restart */
	uint64_t ht_noted;     /* signals deferred, bit sig-1; NOTE_CUT */
	uint32_t ht_handled;   /* handlers of the program run so far */
	uint32_t ht_norestart; /* those of them without SA_RESTART */
	uint32_t ht_woken;     /* signals of the kernel's so far */
	uint64_t ht_sigmask;   /* saved around a fork */
	void *ht_exectmp;      /* memory of an exec under way */
	size_t ht_exectmplen;
	struct cpu *ht_child; /* made for a fork under way */
	struct host *ht_childhost;
	uint64_t ht_childfork; /* its h_fork */
	struct hj_vfork ht_vfork[HJ_VFORKS];
	uint32_t ht_nvfork; /* of these: this is such a child if not 0 */
	bool ht_isvfork;    /* the fork under way is one */
	bool ht_onhost;     /* the call was made on the host */
	uint8_t ht_turn;    /* epoll.c: whose events come first */
	int ht_mounts;      /* procmounts.c: the host's file, and 1 */
	void *ht_fault;     /* what the kernel's EFAULT was about */
	uintptr_t ht_stack; /* there is room for a call below this address */
};

extern __thread struct hj_thread hj_thread
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* The host's answer, straight: a result or a negative errno. */
#define hj_host(nr, ...) hj_host_(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define hj_host_(nr, a, b, c, d, e, f, ...)                              \
	rumpuser_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), \
	    (long)(e), (long)(f))

/* What a function below returns to leave the call to the host. */
#define HJ_TO_HOST (-600L)
#define HJ_AGAIN   (-601L)

/* start.c */
/* libc is in memory now; nothing, if it was from the start (libs.h). */
void hj_start_late(void);
_Noreturn void hj_die(int status, const char *fmt, ...);

/* spec.c: 0, or -1 with one line in msg. */
int hj_spec_parse(struct hj_spec *, const char *text, char *msg,
    size_t msgsize);

/* signal.c */
void hj_enter(void);
/* Raises what was deferred; true: restart the call if it was interrupted. */
bool hj_leave(void);
/*
 * The kernel runs on the program's stack.  If that ends here the program is
 * told (SIGSEGV) before a call and not in its midst: a handler may be left by
 * siglongjmp().
 */
void hj_stack_probe(uintptr_t sp);
static inline void
hj_stack_check(void)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

	/* Looked at once, here or deeper: not for what is far above it. */
	if (unlikely(sp - hj_thread.ht_stack >= 65536))
		hj_stack_probe(sp);
}
void hj_signal_init(void);
/* Before the thread leaves the kernel, hj_mmap_cut() is to run. */
void hj_signal_cut(void);
/* From now on the kernel may send this process KWAKE_SIGNAL. */
void hj_signal_wakes(void);
/* Around an exec: what the program ignores the new image is to ignore. */
void hj_signal_ignored(bool before);
long hj_sys_rt_sigaction(struct hj_frame *);

/* fd.c */
/* The shim's own descriptors; holder: from before an exec, or -1. */
int hj_fd_init(int arenafd, int holder);
struct proc *hj_proc(void); /* the calling process's proc */
bool hj_fd_isrump(long fd);
bool hj_fd_ours(long fd); /* one of the shim's own */
/* A child of vfork may move them, in our memory: ours are where they were. */
void hj_fd_save(int fds[HJ_NOURS]);
void hj_fd_restore(const int fds[HJ_NOURS]);
/* A duplicate out of the program's way, or a negative errno. */
int hj_fd_move_up(int fd);
/* procfd.c: open() of /proc/self/fd/N for a rump descriptor. */
long hj_reopen(int fd, int flags);
/*
 * A call on an absolute path of the host's that may be one of those of /proc
 * that lead to rump.  HJ_TO_HOST: it is not; HJ_AGAIN: it is that in again.
 */
long hj_proc_call(struct hj_frame *, const struct hj_callinfo *,
    const char *path, char *again);
/* Is a symlink at the end of the call's path not followed? */
bool hj_callnofollow(const struct hj_frame *, const struct hj_callinfo *);
/* procnet.c: likewise for /proc/net. */
long hj_procnet_call(struct hj_frame *, const struct hj_callinfo *,
    const char *path);
/* The same for chdir(). */
long hj_procnet_chdir(const char *path);
/* What follows /proc/PID/[task/TID/] of a process of this kernel; or NULL. */
const char *hj_procnet_process(const char *path);
/* procmounts.c: likewise for /proc/mounts and its kin. */
long hj_procmounts_call(struct hj_frame *, const struct hj_callinfo *,
    const char *path);
void hj_procmounts_init(void);
long hj_sys_getdents(struct hj_frame *);
long hj_sys_close(struct hj_frame *);
long hj_sys_close_range(struct hj_frame *);
long hj_sys_dup(struct hj_frame *);
long hj_sys_dup2(struct hj_frame *);
long hj_sys_dup3(struct hj_frame *);
long hj_sys_fcntl(struct hj_frame *);
long hj_sys_ioctl(struct hj_frame *);

/* path.c */
/* A vnode's name as the program sees it; *len without the NUL. */
int hj_path_name(struct vnode *, char *buf, size_t *len);
/* The same of any length. */
int hj_path_long(struct vnode *, char *buf, size_t size, size_t *len);
enum hj_where {
	HJ_AT_HOST,
	HJ_AT_RUMP,
	HJ_AT_ERROR
};
/*
 * Where does a path lead?  buf (KPATH_MAX) receives the path as that kernel
 * wants it; *dirfd may become AT_FDCWD.  HJ_AT_ERROR: *error says.
 */
enum hj_where hj_path_where(int *dirfd, const char *upath, char *buf,
    bool *changed, int *error);
bool hj_path_isprefix(const char *path, size_t len);
/* The path as an absolute one of the host's, in buf; false: not known. */
bool hj_path_absolute(int dirfd, const char *path, char *buf);
/* After KEHOST: the path to go on with, absolute, in buf. */
int hj_path_escape(char *buf);
/* The same, with a copy to go on with: the next look needs buf. */
int hj_path_again(char *buf, char *again);
/*
 * /proc/self/fd/N[/rest] and the like of a rump descriptor: N, or -1; what
 * follows the slashes is in *rest.
 */
int hj_path_procfd(const char *path, const char **rest);
/* /proc/PID/fd/N[/rest], whoever PID is. */
bool hj_path_otherfd(const char *path, int *pid, int *fd, const char **rest);
/* /proc/self/exe and the like. */
bool hj_path_procexe(const char *path);
/* What follows /proc/self/cwd, if that is a rump directory; or NULL. */
const char *hj_path_proccwd(const char *path);
/* path2.c: a call on two paths. */
long hj_path2_call(struct hj_frame *, const struct hj_callinfo *);

/* cwd.c */
/* The name of the host's cwd, as long as nobody changed it; or NULL. */
const char *hj_cwd_host(void);
void hj_cwd_changed(void);
long hj_sys_chdir(struct hj_frame *);
long hj_sys_fchdir(struct hj_frame *);
long hj_sys_getcwd(struct hj_frame *);
long hj_sys_chroot(struct hj_frame *);

/* symlink.c */
/*
 * The host says ENOENT of a path: does a symlink of the host's lead under a
 * prefix?  Then the path to go on with is in again (KPATH_MAX).  follow: a
 * symlink at its end counts.
 */
bool hj_symlink(int dirfd, const char *path, bool follow, char *again);

/* process.c */
int hj_pre_fork(struct hj_frame *); /* enum hj_verdict */
long hj_post_fork(long result);
void hj_post_wait(long result);
void hj_exit(void);
void hj_thread_exit(void);
void hj_bare_fork(void);
int hj_thread_attach(void);

/* exec.c */
long hj_sys_execve(struct hj_frame *);
long hj_sys_execveat(struct hj_frame *);
void hj_exec_forget(void);

/* ids.c */
long hj_sys_ids(struct hj_frame *);
long hj_sys_umask(struct hj_frame *);
long hj_sys_rlimit(struct hj_frame *);

/* seccomp.c */
long hj_sys_seccomp(struct hj_frame *);
void hj_ids_load(struct proc *);

/* xfer.c */
long hj_sys_xfer(struct hj_frame *);

/* unix.c: calls with addresses, on a socket of the host's. */
#define HJ_UNIX_CALLS          \
__NR_bind:                     \
	case __NR_connect:     \
	case __NR_accept:      \
	case __NR_accept4:     \
	case __NR_getsockname: \
	case __NR_getpeername: \
	case __NR_sendto:      \
	case __NR_recvfrom:    \
	case __NR_sendmsg:     \
	case __NR_recvmsg:     \
	case __NR_sendmmsg:    \
	case __NR_recvmmsg
/* Without a lock or a cpu: is there an address that may be a rump path? */
bool hj_unix_look(const struct hj_frame *);
int hj_unix_call(struct hj_frame *); /* enum hj_verdict */

/* mmap.c */
long hj_sys_mmap(struct hj_frame *);
long hj_sys_munmap(struct hj_frame *);
long hj_sys_mprotect(struct hj_frame *);
long hj_sys_mremap(struct hj_frame *);
/* A SIGBUS of the program at this address: true if it may go on. */
bool hj_mmap_fault(void *addr);
/*
 * There are shared mappings whose pages are mapped when they are touched: those
 * that a call of the host is about to touch are.  hj_lazymaps(): is it so?
 */
void hj_mmap_ready(const struct hj_frame *);
#define HJ_LAZYMAPS 2 /* in *ru_mine, in place of 1 */
static inline bool
hj_lazymaps(void)
{
	return *rumpuser_process.ru_mine == HJ_LAZYMAPS;
}
/* In a forked child. */
void hj_mmap_forked(void);
/* A mapped file was cut off: what is beyond its end is to fault. */
void hj_mmap_cut(void);

/* poll.c */
long hj_sys_poll(struct hj_frame *);
/* Wait until a descriptor, with a half in the host perhaps, has an event. */
long hj_poll_one(int fd, int events);
/*
 * Wait in the host, where signals are let in and a rump wake ends it as well.
 * After ksleep_prepare(); what the call says, -EINTR after a signal, 0: look
 * again.  mask: NULL, the thread's own.
 */
long hj_wait_in_host(long (*wait)(void *arg, const uint64_t *mask), void *arg,
    const uint64_t *mask);

/* epoll.c */
#define HJ_EPOLL_WAITS         \
__NR_epoll_wait:               \
	case __NR_epoll_pwait: \
	case __NR_epoll_pwait2
long hj_sys_epoll_create(struct hj_frame *);
long hj_sys_epoll_ctl(struct hj_frame *);
long hj_sys_epoll_wait(struct hj_frame *);
/* Outside of the kernel: the wait of a set of the host's only; HJ_AGAIN. */
long hj_epoll_raw(struct hj_frame *);
/* Without a lock: has this set never had a rump item? */
bool hj_epoll_plain(long fd);
/* Are there items in the host's set? */
bool hj_epoll_hosts(const struct file *);

/*
 * socket.c: an ioctl about interfaces, which any socket takes: libc asks at one
 * of AF_UNIX, of the host's.
 */
static inline bool
hj_ioctl_isif(long cmd)
{
	return (uint32_t)cmd >= SIOCGIFNAME && (uint32_t)cmd <= SIOCETHTOOL;
}
long hj_sys_ifioctl(struct hj_frame *);

/* inotify.c */
long hj_sys_inotify_init(struct hj_frame *);
long hj_sys_inotify_rm(struct hj_frame *);
/* A watch was asked for: its number, or the errno, which is passed on. */
long hj_inotify_added(int fd, long wd);
/* read() of an instance with watches of the host's; FIONREAD of any. */
long hj_inotify_read(struct hj_frame *);
long hj_inotify_pending(struct hj_frame *);
/* Is the file an instance with watches of the host's as well? */
bool hj_inotify_hosts(const struct file *);

/* sunpath.c: calls with addresses, on a socket of rump's. */
long hj_local_call(struct hj_frame *);

/* socket.c */
long hj_sys_socket(struct hj_frame *);
static inline bool
hj_family_isrump(long domain)
{
	return (unsigned long)domain < 64 &&
	    (hj.hp_spec.sp_socket >> domain & 1) != 0;
}

/* dispatch.c */
/* The host's answer to a call whose paths may lie in the cpu's buffers. */
long hj_host_paths(const struct hj_frame *);
void hj_dispatch_init(void);

/* lazy.c */
/* From now on calls that touch memory are looked at. */
void hj_lazy_start(void);
/* A call of the host's that only touches memory?  Such calls may be looked at. */
bool hj_lazy_touches(long nr);
int hj_lazy_call(struct hj_frame *);

/* trace.c */
void hj_trace(int rsys, const long *args, long ret);
void hj_trace_host(const struct hj_frame *);
void hj_trace_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
