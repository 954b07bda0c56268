/* SPDX-License-Identifier: BSD-2-Clause */
/* procfs: see procfs.h. */
#include "rumpvfs/procfs.h"

#include "lwproc/file.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"
#include "rumpvfs/tmpfs_data.h"

#define LINE_MAX 512

struct procbuf {
	struct vnode *pb_vp; /* where the text goes */
	char *pb_page;       /* what has not gone there yet */
	size_t pb_len;
	uint64_t pb_done; /* bytes in pb_vp */
	uint64_t pb_line; /* where the line began, in all */
	int pb_error;
};

static void
flush(struct procbuf *pb)
{
	struct kiovec iov;
	struct uio uio;

	if (pb->pb_error != 0 || pb->pb_len == 0)
		return;
	uio_init(&uio, &iov, pb->pb_page, pb->pb_len, true);
	uio.uio_sys = true;
	uio.uio_offset = pb->pb_done;
	pb->pb_error = tmpfs_write(pb->pb_vp, &uio, false);
	pb->pb_done += pb->pb_len;
	pb->pb_len = 0;
}

void
proc_put(struct procbuf *pb, const char *s, size_t len)
{
	size_t n;

	while (len != 0) {
		n = kmin(len, KPAGE_SIZE - pb->pb_len);
		memcpy(pb->pb_page + pb->pb_len, s, n);
		pb->pb_len += n;
		s += n;
		len -= n;
		if (pb->pb_len == KPAGE_SIZE)
			flush(pb);
	}
}

void
proc_print(struct procbuf *pb, const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = kvfmt(line, sizeof(line), fmt, &ap);
	va_end(ap);
	proc_put(pb, line, n);
}

void
proc_endl(struct procbuf *pb, uint32_t width)
{
	while (pb->pb_done + pb->pb_len - pb->pb_line < width)
		proc_put(pb, " ", 1);
	proc_put(pb, "\n", 1);
	pb->pb_line = pb->pb_done + pb->pb_len;
}

size_t
proc_name(const struct vnode *vp, char *buf, size_t size)
{
	const char *name = procfiles[vp->v_rdev - 1].pf_name + strlen("/proc");

	if (strncmp(name, "/sys/", 5) == 0)
		return kfmt(buf, size, "/proc%s", name);
	return kfmt(buf, size, "/proc/%d%s", rumpuser_getpid(), name);
}

/* A file without a name, in hand, that passes for the node. */
static int
make_copy(const struct vnode *vp, struct vnode **copy)
{
	int error;

	error = vnode_alloc(vp->v_fs, VREG, vp->v_mode, vp->v_uid, vp->v_gid,
	    copy);
	if (error != 0)
		return ENOMEM;
	(*copy)->v_rdev = vp->v_rdev;
	(*copy)->v_ino = vp->v_ino;
	KSET((*copy)->v_flags,
	    ((*copy)->v_flags & ~VNODE_PROTO) | VNODE_NOLINK);
	klog_commit();
	return 0;
}

int
proc_open(struct file *f)
{
	struct vnode *vp = f->f_vnode;
	struct procbuf pb = { .pb_len = 0 };
	int error;

	if (vp->v_type != VREG)
		return 0;
	error = make_copy(vp, &pb.pb_vp);
	if (error != 0)
		return error;
	pb.pb_page = page_alloc(0);
	if (pb.pb_page == NULL) {
		vnode_rele(pb.pb_vp);
		return ENOMEM;
	}
	procfiles[vp->v_rdev - 1].pf_gen(&pb);
	flush(&pb);
	page_free(pb.pb_page);
	if (pb.pb_error != 0) {
		vnode_rele(pb.pb_vp);
		return ENOMEM;
	}
	/* Nobody else has the file yet. */
	KSET(f->f_vnode, pb.pb_vp);
	KSET(f->f_data, pb.pb_vp);
	khand_drop(pb.pb_vp);
	khand_add(KHAND_VNODE, vp);
	klog_commit();
	vnode_rele(vp);
	return 0;
}
