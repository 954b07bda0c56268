/* SPDX-License-Identifier: BSD-2-Clause */
/* anonfile: see anonfile.h. */
#include <sys/stat.h>

#include "rumpvfs/anonfile.h"

#define ANON_DEV 16 /* st_dev: the host's anon_inodefs has a small one */
#define ANON_INO 1

int
anonfile_stat(struct file *f, struct stat *st)
{
	(void)f;
	memset(st, 0, sizeof(*st));
	st->st_dev = ANON_DEV;
	st->st_ino = ANON_INO;
	st->st_mode = 0600;
	st->st_nlink = 1;
	st->st_blksize = KPAGE_SIZE;
	return 0;
}

int
anonfile_install(struct lwp *l, struct file *f, bool cloexec, long *retval)
{
	int fd, error;

	error = fd_install(l, f, 0, cloexec, &fd);
	if (error != 0)
		file_rele(f);
	else
		*retval = fd;
	return error;
}

int
anonfile_move(uint64_t *value, struct uio *uio)
{
	return uio_move(value, sizeof(*value), uio);
}
