/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations on the data of files. */
#include "tests/crash/crash.h"

#include <linux/falloc.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lwproc/file.h"
#include "rump/rump_syscalls.h"
#include "rumpkern/klog.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/vnode.h"

static int fd, fd2;
static char buf[150000];

static void
pre_f(void)
{

	memset(buf, 'W', sizeof(buf));
	fd = rump_sys_open(TREE "/f", O_RDWR);
	MUST(fd);
}

static void
pre_append(void)
{

	memset(buf, 'W', sizeof(buf));
	fd = rump_sys_open(TREE "/f", O_RDWR | O_APPEND);
	MUST(fd);
}

static void
pre_big(void)
{

	memset(buf, 'W', sizeof(buf));
	fd = rump_sys_open(TREE "/big", O_RDWR);
	MUST(fd);
	fd2 = rump_sys_open(TREE "/f", O_RDWR);
	MUST(fd2);
}

static void
op_write_new(void)
{
	int n = rump_sys_open(TREE "/new", O_CREAT | O_WRONLY | O_TRUNC, 0644);

	MUST(n);
	MUST(rump_sys_write(n, buf, 100));
	MUST(rump_sys_write(n, buf, 20000));
	MUST(rump_sys_close(n));
}

static void
op_write_append(void)
{

	MUST(rump_sys_write(fd, buf, 9000));
}

static void
op_write_small(void)
{

	MUST(rump_sys_write(fd, buf, 10));
}

static void
op_write_grow(void)
{

	MUST(rump_sys_pwrite(fd, buf, sizeof(buf), 8000));
}

static void
op_write_sparse(void)
{

	MUST(rump_sys_pwrite(fd, buf, 5000, 30UL << 20));
}

static void
op_write_sparse_far(void)
{

	MUST(rump_sys_pwrite(fd, buf, 1, 1L << 50));
}

static void
op_read(void)
{

	MUST(rump_sys_read(fd, buf, 10000));
	MUST(rump_sys_pread(fd, buf, 10000, 5));
	MUST(rump_sys_lseek(fd, 5, SEEK_SET));
}

static void
op_truncate_grow(void)
{

	MUST(rump_sys_ftruncate(fd, 100000));
}

static void
op_truncate_shrink(void)
{

	MUST(rump_sys_ftruncate(fd, 4097));
}

static void
op_truncate_zero(void)
{

	MUST(rump_sys_ftruncate(fd, 0));
}

static void
op_truncate_path(void)
{

	MUST(rump_sys_truncate(TREE "/big", 20));
}

static void
op_open_trunc(void)
{

	MUST(rump_sys_open(TREE "/big", O_RDWR | O_TRUNC));
}

static void
op_fallocate(void)
{

	MUST(rump_sys_fallocate(fd, 0, 5000, 50000));
}

static void
op_fallocate_keep(void)
{

	MUST(rump_sys_fallocate(fd, FALLOC_FL_KEEP_SIZE, 5000, 50000));
}

static void
op_punch(void)
{

	MUST(rump_sys_fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	    1000, 200000));
}

static void
op_write_unwritten(void)
{

	MUST(rump_sys_fallocate(fd, 0, 0, 40000));
	MUST(rump_sys_pwrite(fd, buf, 6000, 20000));
}

static void
op_zero_range(void)
{

	MUST(rump_sys_fallocate(fd, FALLOC_FL_ZERO_RANGE, 1000, 30000));
}

/* Pages far from each other: each has nodes of its own in the tree. */
static void
op_sparse_cut(void)
{
	uint64_t i;

	for (i = 0; i < 70; i++)
		MUST(rump_sys_pwrite(fd, buf, 1, (i << 24) + (1 << 20)));
	MUST(rump_sys_ftruncate(fd, 0));
}

static void
op_truncate_write(void)
{

	MUST(rump_sys_ftruncate(fd, 100));
	MUST(rump_sys_pwrite(fd, buf, 100, 9000));
}

/* Holes that a mapping has got pages for, some of them touched. */
static void
op_mapped_holes(void)
{
	struct file *f = fd_getfile(curlwp(), fd, 0);
	struct vnode *vp = f->f_vnode;
	uint64_t page[40];
	struct stat st;

	vnode_map_hold(vp);
	fd_done(curlwp(), f, 0);
	MUST(rump_sys_ftruncate(fd, 60 * KPAGE_SIZE));
	MUST(-vnode_map_pages(vp, 10, 40, true, page));
	*(char *)(uintptr_t)page[3] = 1;
	*(char *)(uintptr_t)page[4] = 1;
	*(char *)(uintptr_t)page[30] = 1;
	MUST(rump_sys_fstat(fd, &st));
	MUST(rump_sys_ftruncate(fd, 20 * KPAGE_SIZE + 7));
	*(char *)(uintptr_t)page[30] = 2;
	MUST(rump_sys_pwrite(fd, buf, 9000, 44 * KPAGE_SIZE));
	MUST(rump_sys_fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	    11 * KPAGE_SIZE, 5 * KPAGE_SIZE));
	*(char *)(uintptr_t)page[2] = 1;
	khand_release(vp);
	MUST(rump_sys_fstat(fd, &st));
}

static void
op_sendfile(void)
{

	MUST(rump_sys_sendfile(fd2, fd, NULL, 100000));
}

static void
op_copy_range(void)
{

	MUST(rump_sys_copy_file_range(fd, NULL, fd2, NULL, 100000, 0));
}

static void
op_writev(void)
{
	struct iovec iov[3] = { { buf, 100 }, { buf, 0 }, { buf + 100, 7000 } };

	MUST(rump_sys_writev(fd, iov, 3));
}

const struct crashop data_ops[] = { { "write to a new file", OUT_ANY, NULL,
					op_write_new },
	{ "write, append", OUT_ANY, pre_append, op_write_append },
	{ "write, in place", OUT_ATOMIC, pre_f, op_write_small },
	{ "writev", OUT_ANY, pre_append, op_writev },
	{ "write, growing", OUT_ANY, pre_f, op_write_grow },
	{ "write, far off", OUT_ANY, pre_f, op_write_sparse },
	{ "write, very far off", OUT_ATOMIC, pre_f, op_write_sparse_far },
	{ "read and lseek", OUT_SAME, pre_f, op_read },
	{ "ftruncate, growing", OUT_ATOMIC, pre_f, op_truncate_grow },
	{ "ftruncate, shrinking", OUT_ATOMIC, pre_f, op_truncate_shrink },
	{ "ftruncate to nothing", OUT_ATOMIC, pre_big, op_truncate_zero },
	{ "truncate", OUT_ATOMIC, NULL, op_truncate_path },
	{ "open with O_TRUNC", OUT_ATOMIC, NULL, op_open_trunc },
	{ "truncate, then write beyond", OUT_ANY, pre_f, op_truncate_write },
	{ "fallocate", OUT_ANY, pre_f, op_fallocate },
	{ "fallocate, same size", OUT_SAME, pre_f, op_fallocate_keep },
	{ "fallocate, then write", OUT_ANY, pre_f, op_write_unwritten },
	{ "punching a hole", OUT_ANY, pre_big, op_punch },
	{ "fallocate, zeroes", OUT_ANY, pre_big, op_zero_range },
	{ "cut of a sparse file", OUT_ANY, pre_big, op_sparse_cut },
	{ "holes of a mapping", OUT_ANY, pre_f, op_mapped_holes },
	{ "sendfile", OUT_ANY, pre_big, op_sendfile },
	{ "copy_file_range", OUT_ANY, pre_big, op_copy_range },
	{ NULL, OUT_ANY, NULL, NULL } };
