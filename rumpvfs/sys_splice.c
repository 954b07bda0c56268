/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendfile, copy_file_range, splice, tee, vmsplice: from file to file.
 */
#include <fcntl.h>
#include <sys/uio.h>

#include "rumpvfs/dev.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/filerw.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/pipe.h"
#include "rumpvfs/vnode.h"
#include "rumpvfs/xfer.h"

#include "rumpkern/copy.h"
#include "syscalls/sysargs.h"

#define SPLICE_ALL \
	(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

static inline enum vtype
type_of(const struct file *f)
{
	return f->f_type == FTYPE_VNODE ? f->f_vnode->v_type : VNON;
}

/* Can the file be a source (sink) of splice? */
static bool
splices(const struct file *f, bool write)
{
	if (f->f_type == FTYPE_PIPE || f->f_type == FTYPE_SOCK)
		return true;
	if (type_of(f) == VCHR)
		return dev_splices(f->f_vnode, write);
	return type_of(f) == VREG;
}

/* A file that can be read or written at all: not one of O_PATH. */
static struct file *
get_file(struct lwp *l, int fd, int slot)
{
	struct file *f = fd_getfile(l, fd, slot);

	if (f != NULL && (f->f_mode & FMODE_PATH)) {
		fd_done(l, f, slot);
		f = NULL;
	}
	return f;
}

/* Both files of a call; 0 or EBADF, with none held. */
static int
get_files(struct lwp *l, int in, int out, struct xfer *x)
{
	x->x_l = l;
	x->x_in = get_file(l, in, 0);
	if (x->x_in == NULL)
		return EBADF;
	x->x_out = get_file(l, out, 1);
	if (x->x_out == NULL) {
		fd_done(l, x->x_in, 0);
		return EBADF;
	}
	return 0;
}

/* n bytes went from one to the other. */
static void
tell_moved(const struct xfer *x, long n)
{
	if (n <= 0)
		return;
	inotify_moved(x->x_in->f_vnode, false);
	inotify_moved(x->x_out->f_vnode, true);
}

static void
put_files(struct xfer *x)
{
	fd_done(x->x_l, x->x_out, 1);
	fd_done(x->x_l, x->x_in, 0);
}

/* What sendfile says of its source, before it looks at the sink. */
static int
check_source(const struct file *f, bool given, uint64_t pos, size_t count)
{
	if (!(f->f_mode & FMODE_READ))
		return EBADF;
	if (given && !(f->f_mode & FMODE_SEEK))
		return ESPIPE;
	if ((int64_t)pos < 0 || (ssize_t)count < 0 ||
	    ((f->f_mode & FMODE_SEEK) && pos + count > INT64_MAX))
		return EINVAL;
	return 0;
}

/* Its sink; *count is cut to what a pipe has room for: sendfile comes once. */
static int
check_sink(const struct xfer *x, size_t *count)
{
	uint64_t room = *count;
	int error = 0;

	if (!(x->x_out->f_mode & FMODE_WRITE))
		return EBADF;
	if (x->x_out->f_type == FTYPE_PIPE)
		error = pipe_wait_room(x->x_out->f_data,
		    (x->x_out->f_flags & O_NONBLOCK) != 0, &room);
	if (error != 0)
		return error;
	if (x->x_out->f_type != FTYPE_PIPE &&
	    (x->x_out->f_offset + *count > INT64_MAX ||
		(x->x_out->f_flags & O_APPEND) ||
		!(x->x_in->f_mode & FMODE_SEEK)))
		return EINVAL;
	/* The host notes the access whatever comes of it. */
	if (x->x_out->f_type != FTYPE_PIPE && x->x_in->f_vnode != NULL &&
	    !(x->x_in->f_flags & O_NOATIME))
		vnode_accessed(x->x_in->f_vnode);
	/* Whether they can is asked of those that have something to do. */
	if (*count != 0 &&
	    (x->x_in->f_type == FTYPE_PIPE || !splices(x->x_in, false) ||
		!splices(x->x_out, true)))
		return EINVAL;
	*count = kmin(*count, room);
	return 0;
}

/*
 * The transfer, between copies of the offsets: source and sink may be one
 * file, which ends where the source came to.
 */
static int
send(struct xfer *x, uint64_t *inpos, bool given, size_t count, long *retval)
{
	uint64_t outpos = x->x_out->f_offset;
	int error;

	if (x->x_in->f_mode & FMODE_SEEK)
		x->x_inpos = inpos;
	if (x->x_out->f_mode & FMODE_SEEK)
		x->x_outpos = &outpos;
	count = kmin(count, RW_COUNTMAX);
	/* Of a file open with O_DIRECT the host makes copies first. */
	if (type_of(x->x_in) == VREG && x->x_in->f_vnode == x->x_out->f_vnode &&
	    !(x->x_in->f_flags & O_DIRECT))
		error = xfer_within(x, count, retval);
	else
		error = xfer_run(x, count, false, retval);
	if (error == 0 && *retval > 0) {
		if (x->x_outpos != NULL)
			x->x_out->f_offset = outpos;
		if (!given && x->x_inpos != NULL)
			x->x_in->f_offset = *inpos;
	}
	return error;
}

int
sys_sendfile(struct lwp *l, const struct sys_sendfile_args *a, long *retval)
{
	struct xfer x = { .x_l = l };
	bool given = a->offset != NULL;
	size_t count = a->count;
	uint64_t pos;
	int error;

	if (given && copyin(a->offset, &pos, sizeof(pos)) != 0)
		return EFAULT;
	x.x_in = get_file(l, a->in_fd, 0);
	if (x.x_in == NULL)
		return EBADF;
	if (!given)
		pos = x.x_in->f_offset;
	error = check_source(x.x_in, given, pos, a->count);
	if (error == 0) {
		x.x_out = get_file(l, a->out_fd, 1);
		error = x.x_out == NULL ? EBADF : check_sink(&x, &count);
		if (error == 0 && count != 0)
			error = send(&x, &pos, given, count, retval);
		tell_moved(&x, error == 0 ? *retval : 0);
		if (x.x_out != NULL)
			fd_done(l, x.x_out, 1);
	}
	fd_done(l, x.x_in, 0);
	if (error == 0 && given && copyout(&pos, a->offset, sizeof(pos)) != 0)
		error = EFAULT;
	return error;
}

/* What copy_file_range wants of its files. */
static int
check_copy(const struct xfer *x)
{
	enum vtype in = type_of(x->x_in), out = type_of(x->x_out);

	if (in == VDIR || out == VDIR)
		return EISDIR;
	if (in != VREG || out != VREG)
		return EINVAL;
	if (!(x->x_in->f_mode & FMODE_READ) ||
	    !(x->x_out->f_mode & FMODE_WRITE) || (x->x_out->f_flags & O_APPEND))
		return EBADF;
	if (fileattr_immutable(x->x_out->f_vnode))
		return EPERM;
	return 0;
}

/* The range that can be copied: *len is cut to what the source has. */
static int
check_range(const struct xfer *x, uint64_t inpos, uint64_t outpos, size_t *len)
{
	const struct vnode *vp = x->x_in->f_vnode;
	uint64_t size = *(const volatile uint64_t *)&vp->v_size;

	if (inpos + *len < inpos || outpos + *len < outpos)
		return EOVERFLOW;
	if (outpos == INT64_MAX)
		return EFBIG;
	if ((int64_t)inpos < 0 || (int64_t)outpos < 0)
		return EINVAL;
	*len = inpos >= size ? 0 : kmin(*len, size - inpos);
	*len = kmin(*len, INT64_MAX - outpos);
	if (vp == x->x_out->f_vnode && inpos + *len > outpos &&
	    outpos + *len > inpos)
		return EINVAL;
	return 0;
}

/* The offsets that the call uses and moves are nobody else's meanwhile. */
static void
lock_offsets(const struct xfer *x, bool in, bool out, bool enter)
{
	struct kmutex *m[2] = { in ? &x->x_in->f_poslock : NULL,
		out && !(in && x->x_in == x->x_out) ? &x->x_out->f_poslock :
						      NULL };
	struct kmutex *swap = m[0];
	int i;

	if (m[0] > m[1]) {
		m[0] = m[1];
		m[1] = swap;
	}
	for (i = 0; i < 2; i++) {
		if (m[i] == NULL)
			continue;
		if (enter)
			kmutex_enter(m[i]);
		else
			kmutex_exit(m[i]);
	}
}

int
sys_copy_file_range(struct lwp *l, const struct sys_copy_file_range_args *a,
    long *retval)
{
	struct xfer x = { 0 };
	uint64_t in, out;
	size_t len = a->len;
	int error;

	error = get_files(l, a->fd_in, a->fd_out, &x);
	if (error != 0)
		return error;
	lock_offsets(&x, a->off_in == NULL, a->off_out == NULL, true);
	in = x.x_in->f_offset;
	out = x.x_out->f_offset;
	if ((a->off_in != NULL && copyin(a->off_in, &in, sizeof(in)) != 0) ||
	    (a->off_out != NULL && copyin(a->off_out, &out, sizeof(out)) != 0))
		error = EFAULT;
	else if (a->flags != 0)
		error = EINVAL;
	else
		error = check_copy(&x);
	if (error == 0)
		error = check_range(&x, in, out, &len);
	if (error == 0 && len != 0) {
		x.x_inpos = &in;
		x.x_outpos = &out;
		error = xfer_run(&x, kmin(len, RW_COUNTMAX), false, retval);
		tell_moved(&x, error == 0 ? *retval : 0);
	}
	if (error == 0 && *retval > 0) {
		if (a->off_in == NULL)
			x.x_in->f_offset = in;
		else if (copyout(&in, a->off_in, sizeof(in)) != 0)
			error = EFAULT;
		if (a->off_out == NULL)
			x.x_out->f_offset = out;
		else if (copyout(&out, a->off_out, sizeof(out)) != 0)
			error = EFAULT;
	}
	lock_offsets(&x, a->off_in == NULL, a->off_out == NULL, false);
	put_files(&x);
	return error;
}

/* From pipe to pipe, taking the bytes off (move) or not. */
static int
pipe_to_pipe(struct xfer *x, size_t len, bool nonblock, bool move, long *retval)
{
	struct pipe *in = x->x_in->f_data, *out = x->x_out->f_data;
	uint64_t n;
	int error;

	for (;;) {
		error = pipe_wait_data(in, nonblock, &n);
		if (error != 0 || n == 0)
			return error;
		error = pipe_wait_room(out, nonblock, &n);
		if (error != 0)
			return error;
		/* Others may have been quicker: then wait again. */
		*retval = pipe_copy(in, out, len, move);
		if (*retval != 0)
			return 0;
	}
}

static int
file_to_pipe(struct xfer *x, size_t len, unsigned flags, long *retval)
{
	bool hasty = (flags & SPLICE_F_NONBLOCK) != 0;
	bool nonblock = hasty || (x->x_out->f_flags & O_NONBLOCK) != 0;
	uint64_t room;
	int error;

	error = pipe_wait_room(x->x_out->f_data, nonblock, &room);
	if (error == 0 && !splices(x->x_in, false))
		error = EINVAL;
	if (error != 0)
		return error;
	hasty = hasty && (x->x_in->f_mode & FMODE_HASTY);
	return xfer_run(x, kmin(len, room), hasty, retval);
}

static int
pipe_to_file(struct xfer *x, size_t len, bool nonblock, long *retval)
{
	uint64_t pos = x->x_outpos ? *x->x_outpos : x->x_out->f_offset;

	if ((x->x_out->f_flags & O_APPEND) || !splices(x->x_out, true) ||
	    pos + len > INT64_MAX)
		return EINVAL;
	return xfer_run(x, kmin(len, RW_COUNTMAX), nonblock, retval);
}

static int
do_splice(struct xfer *x, size_t len, unsigned flags, long *retval)
{
	bool in = x->x_in->f_type == FTYPE_PIPE;
	bool out = x->x_out->f_type == FTYPE_PIPE;
	bool nonblock = (flags & SPLICE_F_NONBLOCK) != 0;

	if (!(x->x_in->f_mode & FMODE_READ) ||
	    !(x->x_out->f_mode & FMODE_WRITE))
		return EBADF;
	if ((x->x_inpos != NULL && (int64_t)*x->x_inpos < 0) ||
	    (x->x_outpos != NULL && (int64_t)*x->x_outpos < 0))
		return EINVAL;
	if (in && out) {
		if (x->x_in->f_data == x->x_out->f_data)
			return EINVAL;
		nonblock |= (x->x_in->f_flags & O_NONBLOCK) != 0 ||
		    (x->x_out->f_flags & O_NONBLOCK) != 0;
		return pipe_to_pipe(x, kmin(len, RW_COUNTMAX), nonblock, true,
		    retval);
	}
	if ((ssize_t)len < 0)
		return EINVAL;
	if (in)
		return pipe_to_file(x, len, nonblock, retval);
	if (out)
		return file_to_pipe(x, len, flags, retval);
	return EINVAL;
}

/* An offset that splice was given: only files with places take one. */
static int
get_offset(const struct file *f, const void *uoff, uint64_t *pos,
    uint64_t **where)
{
	if (uoff == NULL)
		return 0;
	if (f->f_type == FTYPE_PIPE)
		return ESPIPE;
	if (copyin(uoff, pos, sizeof(*pos)) != 0)
		return EFAULT;
	if (!(f->f_mode & FMODE_SEEK))
		return EINVAL;
	*where = pos;
	return 0;
}

int
sys_splice(struct lwp *l, const struct sys_splice_args *a, long *retval)
{
	struct xfer x = { 0 };
	uint64_t in, out;
	int error;

	if (a->len == 0)
		return 0;
	if (a->flags & ~SPLICE_ALL)
		return EINVAL;
	error = get_files(l, a->fd_in, a->fd_out, &x);
	if (error != 0)
		return error;
	if (error == 0)
		error = get_offset(x.x_in, a->off_in, &in, &x.x_inpos);
	if (error == 0)
		error = get_offset(x.x_out, a->off_out, &out, &x.x_outpos);
	if (error == 0)
		error = do_splice(&x, a->len, a->flags, retval);
	tell_moved(&x, error == 0 ? *retval : 0);
	put_files(&x);
	if (error == 0 &&
	    ((x.x_inpos != NULL && copyout(&in, a->off_in, sizeof(in)) != 0) ||
		(x.x_outpos != NULL &&
		    copyout(&out, a->off_out, sizeof(out)) != 0)))
		error = EFAULT;
	return error;
}

int
sys_tee(struct lwp *l, const struct sys_tee_args *a, long *retval)
{
	bool nonblock = (a->flags & SPLICE_F_NONBLOCK) != 0;
	struct xfer x = { 0 };
	int error;

	if (a->flags & ~SPLICE_ALL)
		return EINVAL;
	if (a->len == 0)
		return 0;
	error = get_files(l, a->fd_in, a->fd_out, &x);
	if (error != 0)
		return error;
	if (!(x.x_in->f_mode & FMODE_READ) || !(x.x_out->f_mode & FMODE_WRITE))
		error = EBADF;
	else if (x.x_in->f_type != FTYPE_PIPE ||
	    x.x_out->f_type != FTYPE_PIPE || x.x_in->f_data == x.x_out->f_data)
		error = EINVAL;
	else {
		nonblock |= ((x.x_in->f_flags | x.x_out->f_flags) &
				O_NONBLOCK) != 0;
		error = pipe_to_pipe(&x, kmin(a->len, RW_COUNTMAX), nonblock,
		    false, retval);
	}
	put_files(&x);
	return error;
}

int
sys_vmsplice(struct lwp *l, const struct sys_vmsplice_args *a, long *retval)
{
	struct file *f;
	struct uio uio;
	int error = 0;

	if (a->flags & ~SPLICE_ALL)
		return EINVAL;
	f = fd_getfile(l, a->fd, 0);
	if (f == NULL)
		return EBADF;
	if (f->f_type != FTYPE_PIPE)
		error = EBADF;
	else
		error = uio_import(&uio, a->iov,
		    a->nr_segs > 1024 ? -1 : (long)a->nr_segs,
		    (f->f_mode & FMODE_WRITE) != 0);
	if (error == 0 && uio.uio_resid != 0) {
		uio.uio_flags = RWF_SPLICE;
		if (a->flags & SPLICE_F_NONBLOCK)
			uio.uio_flags |= RWF_NOWAIT;
		error = filerw_move(l, f, &uio, NULL, retval);
	}
	fd_done(l, f, 0);
	return error;
}

int
filerw_splice(struct lwp *l, int fd, bool write, char *buf, size_t n,
    bool nowait, long *done)
{
	struct file *f = get_file(l, fd, 0);
	int error;

	if (f == NULL)
		return EBADF;
	if (!splices(f, write)) {
		fd_done(l, f, 0);
		return EINVAL;
	}
	if (f->f_type == FTYPE_SOCK && !(f->f_mode & FMODE_HASTY))
		nowait = false;
	error = xfer_io(l, f, write, buf, n, nowait ? RWF_NOWAIT : 0, NULL,
	    done);
	if (error == 0 && *done > 0)
		inotify_moved(f->f_vnode, write);
	fd_done(l, f, 0);
	return error;
}
