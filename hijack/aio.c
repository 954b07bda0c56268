/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aio: io_submit() and its kin, over descriptors of both kernels.
 *
 * Theory of operation
 *
 *	Contexts are the host's: their rings, limits, waits and eventfds.  An
 *	iocb of a rump descriptor is carried out while it is submitted, as the
 *	host does with most files.  What tells the program is a completion of
 *	the host's: a read of nothing from the arena, submitted by an iocb of
 *	ours in a *record*, which holds the program's iocb and the result.
 *	Its event in the context's ring, which is the program's memory, has the
 *	record's address in place of the iocb's.  That is mended
 *
 *	- in the ring at once, for programs that read it by themselves; but not
 *	  while anybody is in io_getevents(), who may have copied it already;
 *	- or else in what io_getevents() returns.
 *
 *	Before an iocb is carried out the host is asked by one that must fail
 *	(EFAULT) after all that it may say otherwise: that the context is full
 *	(EAGAIN), or the eventfd none.
 *
 *	A poll (IOCB_CMD_POLL) with no event yet stays in its record.  Those in
 *	io_getevents() watch for it, together with the host's events; who was
 *	there before is woken by an event that is a *kick*, and taken out of
 *	what the program sees.  A program that looks at the ring by itself is
 *	told to ask, by a ring without its magic number.
 *
 *	Records are this address space's, as contexts are: a child of fork finds
 *	them wiped, one of vfork shares both.
 */
#include "hijack/aio.h"

#include <asm/unistd.h>
#include <poll.h>
#include <sys/mman.h>

#include "hijack/aiorec.h"
#include "rumpkern/copy.h"
#include "rumpvfs/polltab.h"
#include "syscalls/dispatch.h"

#define RETRIES  1000
#define MAXIOV   1024
#define MAXBYTES 0x7ffff000UL /* of one buffer, as the host */
#define USER_END 0x7ffffffff000UL
#define NOTYET   (-700L)   /* a poll that has no event */
#define NOWHERE  (-4096UL) /* never the program's memory */

/* What a descriptor is. */
struct kind {
	uint8_t k_type;  /* FTYPE_* */
	uint16_t k_mode; /* FMODE_* */
};

/* An iocb on its way. */
struct submit {
	uint64_t su_ctx;
	struct iocb *su_user;
	struct iocb su_iocb;
	long su_res; /* for the event */
};

/* --- Carrying out ---------------------------------------------------------- */

/* Would the host see at once that this memory is not the program's? */
static bool
bad_memory(const struct iocb *io)
{
	const struct kiovec *uiov = (void *)io->aio_buf;
	struct kiovec iov;
	uint64_t i;

	if (io->aio_lio_opcode == IOCB_CMD_PREAD ||
	    io->aio_lio_opcode == IOCB_CMD_PWRITE)
		return io->aio_buf > USER_END ||
		    kmin(io->aio_nbytes, MAXBYTES) > USER_END - io->aio_buf;
	for (i = 0; i < io->aio_nbytes; i++)
		if (copyin(&uiov[i], &iov, sizeof(iov)) != 0 ||
		    (uint64_t)iov.iov_base > USER_END ||
		    iov.iov_len > USER_END - (uint64_t)iov.iov_base)
			return true;
	return false;
}

/* A page that is mapped when it is touched? */
static bool
mended_fault(void)
{
	void *where = hj_thread.ht_fault;
	bool done;

	if (where == NULL)
		return false;
	hj_leave();
	done = hj_mmap_fault(where);
	hj_enter();
	return done;
}

static long
again_after_fault(int rsys, const long *args)
{
	long ret;

	do {
		hj_thread.ht_fault = NULL;
		ret = sys_call(rsys, args);
	} while (ret == -EFAULT && mended_fault());
	return ret;
}

/* Read or write; *event: it is for the event to tell, not for io_submit(). */
static long
carry_rw(const struct iocb *io, const struct kind *k, bool *event)
{
	bool write = io->aio_lio_opcode == IOCB_CMD_PWRITE ||
	    io->aio_lio_opcode == IOCB_CMD_PWRITEV;
	bool vec = io->aio_lio_opcode == IOCB_CMD_PREADV ||
	    io->aio_lio_opcode == IOCB_CMD_PWRITEV;
	struct kiovec iov = { (void *)io->aio_buf,
		kmin(io->aio_nbytes, MAXBYTES) };
	long args[6] = { io->aio_fildes, (long)&iov, 1, io->aio_offset, 0,
		io->aio_rw_flags };
	long ret;

	if (!(k->k_mode & (write ? FMODE_WRITE : FMODE_READ)))
		return -EBADF;
	if (k->k_type == FTYPE_INOTIFY || k->k_type == FTYPE_EPOLL ||
	    (vec && io->aio_nbytes > MAXIOV) || io->aio_offset < 0)
		return -EINVAL;
	if (k->k_type == FTYPE_SOCK && io->aio_offset != 0) {
		*event = true;
		return -ESPIPE;
	}
	if (!(k->k_mode & FMODE_SEEK))
		args[3] = -1;
	if (vec) {
		args[1] = io->aio_buf;
		args[2] = io->aio_nbytes;
	}
	ret = again_after_fault(write ? RSYS_pwritev2 : RSYS_preadv2, args);
	switch (ret) {
	case -EISDIR:
		return -EINVAL;
	case -EBADF:
	case -EOPNOTSUPP:
		return ret;
	case -EINVAL:
		*event = k->k_type == FTYPE_SOCK;
		return ret;
	case -EFAULT:
		*event = !bad_memory(io);
		return ret;
	}
	*event = true;
	return ret == -KERESTART ? -EINTR : ret;
}

/* The iocb's other arguments must not be there. */
static bool
has_more(const struct iocb *io)
{

	return io->aio_offset != 0 || io->aio_nbytes != 0 ||
	    io->aio_rw_flags != 0;
}

static long
carry_fsync(const struct iocb *io, bool *event)
{
	bool data = io->aio_lio_opcode == IOCB_CMD_FDSYNC;
	long args[6] = { io->aio_fildes }, ret;

	if (io->aio_buf != 0 || has_more(io))
		return -EINVAL;
	ret = sys_call(data ? RSYS_fdatasync : RSYS_fsync, args);
	*event = ret != -EINVAL && ret != -EBADF;
	return ret;
}

static long
carry_poll(const struct iocb *io, bool *event)
{
	uint64_t timer = KSLEEP_FOREVER;
	int revents;

	if (io->aio_buf != (uint16_t)io->aio_buf || has_more(io))
		return -EINVAL;
	revents = polltab_events(curlwp(), NULL, 0, io->aio_fildes,
	    (int)io->aio_buf | POLLERR | POLLHUP, &timer);
	*event = true;
	return revents != 0 ? revents : NOTYET;
}

/* What it is, for as long as the call takes; EBADF. */
static long
get_kind(int fd, struct kind *k)
{
	struct lwp *l = curlwp();
	struct file *f = hj_fd_ours(fd) ? NULL : fd_getfile(l, fd, 0);

	if (f == NULL)
		return -EBADF;
	k->k_type = f->f_type;
	k->k_mode = f->f_mode;
	fd_done(l, f, 0);
	return k->k_mode & FMODE_PATH ? -EBADF : 0;
}

static long
carry_out(const struct iocb *io, const struct kind *k, bool *event)
{

	*event = false;
	switch (io->aio_lio_opcode) {
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PWRITE:
	case IOCB_CMD_PREADV:
	case IOCB_CMD_PWRITEV:
		return carry_rw(io, k, event);
	case IOCB_CMD_FSYNC:
	case IOCB_CMD_FDSYNC:
		return carry_fsync(io, event);
	case IOCB_CMD_POLL:
		return carry_poll(io, event);
	}
	return -EINVAL;
}

/* --- Submitting ------------------------------------------------------------ */

/* Make the record's iocb one that must fail, after all that may be said. */
static void
prepare_failing(struct record *r, const struct iocb *io)
{

	record_prepare(r, io);
	r->r_iocb.aio_reserved2 = io->aio_reserved2;
	r->r_iocb.aio_buf = NOWHERE;
	r->r_iocb.aio_nbytes = 1;
	if (io->aio_lio_opcode != IOCB_CMD_FSYNC &&
	    io->aio_lio_opcode != IOCB_CMD_FDSYNC &&
	    io->aio_lio_opcode != IOCB_CMD_POLL) {
		r->r_iocb.aio_flags = io->aio_flags;
		r->r_iocb.aio_reqprio = io->aio_reqprio;
	}
}

/* What the host says against it before it would be carried out. */
static long
may_it(const struct submit *su, struct record *r)
{
	static const uint32_t key = 0; /* the host writes it into each */
	long ret;

	prepare_failing(r, &su->su_iocb);
	ret = record_submit(r);
	if (ret != -EFAULT)
		return ret < 0 ? ret : -EINVAL;
	return -copyout(&key, &su->su_user->aio_key, sizeof(key));
}

/*
 * It is done: tell.  If other threads have filled the context meanwhile, they
 * may empty it as well.
 */
static long
tell(struct submit *su, struct hj_aio *ai, struct record *r)
{
	long ret;
	int i;

	record_prepare(r, &su->su_iocb);
	r->r_obj = (uint64_t)su->su_user;
	r->r_res = su->su_res;
	for (i = 0; i < RETRIES; i++) {
		ret = record_submit(r);
		if (ret != -EAGAIN)
			break;
		hj_host(__NR_sched_yield);
	}
	if (ret == 1)
		record_mend_ring(ai, r);
	return ret == 1 ? 0 : ret;
}

/* Who waits by now is to watch for polls as well. */
static void
kick(struct hj_aio *ai, uint64_t ctx)
{
	static const struct iocb none;
	struct record *r;
	bool waiters;

	aio_lock(ai);
	waiters = ai->ai_waiters != 0;
	aio_unlock(ai);
	r = waiters ? record_alloc(ai, ctx) : NULL;
	if (r == NULL)
		return;
	record_prepare(r, &none);
	r->r_obj = KICK;
	if (record_submit(r) == 1)
		record_mend_ring(ai, r);
	else
		record_forget(ai, r);
}

/* A poll has to wait for its event. */
static void
keep_poll(struct submit *su, struct hj_aio *ai, struct record *r)
{
	struct ring *uri = (struct ring *)su->su_ctx;
	static const uint32_t nomagic = 0;

	record_prepare(r, &su->su_iocb);
	r->r_obj = (uint64_t)su->su_user;
	r->r_events = (int)su->su_iocb.aio_buf | POLLERR | POLLHUP;
	copyout(&nomagic, &uri->ri_magic, sizeof(nomagic));
	atomic_fetch_add(&ai->ai_npoll, 1);
	atomic_store(&r->r_poll, su->su_iocb.aio_fildes + 1);
	kick(ai, su->su_ctx);
}

static long
submit_ours(struct submit *su, struct hj_aio *ai)
{
	struct record *r;
	struct kind k;
	bool event;
	long ret;

	if ((int64_t)su->su_iocb.aio_nbytes < 0)
		return -EINVAL;
	ret = get_kind((int)su->su_iocb.aio_fildes, &k);
	if (ret != 0)
		return ret;
	if ((su->su_iocb.aio_flags & IOCB_FLAG_RESFD) &&
	    hj_fd_isrump((int)su->su_iocb.aio_resfd))
		return -EINVAL;
	r = record_alloc(ai, su->su_ctx);
	if (r == NULL)
		return -EAGAIN;
	ret = may_it(su, r);
	if (ret == 0) {
		su->su_res = carry_out(&su->su_iocb, &k, &event);
		if (su->su_res == NOTYET)
			keep_poll(su, ai, r);
		else
			ret = event ? tell(su, ai, r) : su->su_res;
	}
	if (ret != 0)
		record_forget(ai, r);
	return ret;
}

/* The next iocb; false: it cannot be read, which is for the host to say. */
static bool
get_iocb(struct submit *su, struct iocb **ulist)
{

	return copyin(ulist, &su->su_user, sizeof(su->su_user)) == 0 &&
	    copyin(su->su_user, &su->su_iocb, sizeof(su->su_iocb)) == 0;
}

/* How many from here on are the host's; the first that is not is in *su. */
static long
count_hosts(struct submit *su, struct iocb **ulist, long nr)
{
	long n;
	int fd;

	for (n = 0; n < nr; n++) {
		if (!get_iocb(su, ulist + n))
			return n + 1;
		fd = (int)su->su_iocb.aio_fildes;
		if (hj_fd_isrump(fd) || unlikely(hj_fd_ours(fd)))
			break;
	}
	return n;
}

/* It may block: signals are let in. */
static long
submit_hosts(uint64_t ctx, long nr, struct iocb **ulist)
{
	long ret;

	hj_thread.ht_onhost = true;
	hj_leave();
	ret = hj_host(__NR_io_submit, ctx, nr, ulist);
	hj_enter();
	return ret;
}

/* As many as the host takes of a context in one call. */
static long
at_most(uint64_t ctx, long nr)
{
	struct ring ri;

	if (copyin((void *)ctx, &ri, sizeof(ri)) == 0 && nr > (long)ri.ri_nr)
		return ri.ri_nr;
	return nr;
}

long
hj_sys_io_submit(struct hj_frame *hf)
{
	struct submit su = { .su_ctx = hf->hf_args[0] };
	struct iocb **ulist = (struct iocb **)hf->hf_args[2];
	long nr = hf->hf_args[1], done = 0, n, ret;

	if (nr <= 0 || hj.hp_aio == NULL)
		return HJ_TO_HOST;
	do {
		n = count_hosts(&su, ulist + done, nr - done);
		if (n != 0) {
			ret = submit_hosts(su.su_ctx, n, ulist + done);
			done += kmax(ret, 0L);
			if (ret < n)
				break;
		} else {
			ret = submit_ours(&su, hj.hp_aio);
			if (ret != 0)
				break;
			if (done++ == 0)
				nr = at_most(su.su_ctx, nr);
			hj_thread.ht_onhost = false;
		}
	} while (done < nr);
	return done != 0 ? done : ret;
}

/* --- The other calls ------------------------------------------------------- */

long
hj_sys_io_setup(struct hj_frame *hf)
{
	struct hj_aio *none = NULL;
	long p;

	(void)hf;
	if (hj.hp_aio != NULL)
		return HJ_TO_HOST;
	p = hj_host(__NR_mmap, NULL, sizeof(struct hj_aio),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	    -1, 0);
	if (p < 0 && p > -4096)
		return -ENOMEM;
	hj_host(__NR_madvise, p, sizeof(struct hj_aio), MADV_WIPEONFORK);
	if (!__atomic_compare_exchange_n(&hj.hp_aio, &none, (struct hj_aio *)p,
		false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		hj_host(__NR_munmap, p, sizeof(struct hj_aio));
	return HJ_TO_HOST;
}

long
hj_sys_io_destroy(struct hj_frame *hf)
{
	struct hj_aio *ai = hj.hp_aio;
	uint64_t ctx = hf->hf_args[0];
	uint32_t i;
	long ret;

	if (ai == NULL)
		return HJ_TO_HOST;
	hj_thread.ht_onhost = true;
	hj_leave();
	ret = hj_host(__NR_io_destroy, ctx);
	hj_enter();
	if (ret != 0)
		return ret;
	aio_lock(ai);
	for (i = 0; i < ai->ai_used; i++)
		if (ai->ai_rec[i].r_ctx == ctx)
			record_free(ai, &ai->ai_rec[i]);
	aio_unlock(ai);
	return 0;
}
