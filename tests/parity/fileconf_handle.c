/* SPDX-License-Identifier: BSD-2-Clause */
/* fileconf_handle: files by handle, and what of them is in memory. */
#include "fileconf.h"

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

static struct {
	struct file_handle h;
	unsigned char bytes[MAX_HANDLE_SZ];
} u, v;
static int mnt;

static int
name_it(const char *path, int room, int flags)
{
	u.h.handle_bytes = room;
	return name_to_handle_at(AT_FDCWD, path, &u.h, &mnt, flags);
}

static void
unprivileged(void)
{
	C(name_it("f", 128, 0));
	C(open_by_handle_at(AT_FDCWD, &u.h, O_RDONLY));
}

void
conf_handle(void)
{
	char text[10] = "";
	int dfd, fd;

	mk("f", "text");
	C(symlink("f", "l"));
	C(dfd = open(".", O_RDONLY));
	C(name_it("f", 0, 0));
	C(u.h.handle_bytes);
	C(name_it("f", 11, 0));
	C(name_it("f", 129, 0));
	C(name_it("f", -1, 0));
	C(name_it("none", 128, 0));
	C(name_it("", 128, 0));
	C(name_it("f", 128, 0x8000));
	C(name_to_handle_at(AT_FDCWD, "f", NULL, &mnt, 0));
	C(name_to_handle_at(AT_FDCWD, "f", &u.h, NULL, 0));
	C(name_to_handle_at(99, "f", &u.h, &mnt, 0));
	C(name_it("f", 128, 0));
	C(u.h.handle_bytes);
	C(u.h.handle_type);
	v = u;
	C(name_it("l", 128, AT_SYMLINK_FOLLOW));
	C(memcmp(u.h.f_handle, v.h.f_handle, 12));
	C(name_it("l", 128, 0));
	C(memcmp(u.h.f_handle, v.h.f_handle, 12) != 0);
	C(fd = open("f", O_RDONLY));
	u.h.handle_bytes = 128;
	C(name_to_handle_at(fd, "", &u.h, &mnt, AT_EMPTY_PATH));
	C(memcmp(u.h.f_handle, v.h.f_handle, 12));
	close(fd);
	as_user("unprivileged", 1234, 1234, unprivileged);
	C(fd = open_by_handle_at(dfd, &v.h, O_RDWR));
	if (fd >= 0) {
		C(read(fd, text, 4));
		show_bytes("by handle", text, 4);
		C(write(fd, "more", 4));
		close(fd);
		show_file("f");
	}
	C(open_by_handle_at(dfd, &v.h, O_RDONLY | O_DIRECTORY));
	C(open_by_handle_at(dfd, NULL, O_RDONLY));
	C(open_by_handle_at(99, &v.h, O_RDONLY));
	C(rename("f", "g"));
	C(fd = open_by_handle_at(dfd, &v.h, O_PATH));
	close(fd);
	C(name_it(".", 128, 0));
	C(fd = open_by_handle_at(dfd, &u.h, O_RDONLY | O_DIRECTORY));
	C(faccessat(fd, "g", F_OK, 0));
	close(fd);
	C(name_it("l", 128, 0));
	C(open_by_handle_at(dfd, &u.h, O_RDONLY));
	u = v;
	u.h.handle_bytes = 0;
	C(open_by_handle_at(dfd, &u.h, O_RDONLY));
	u.h.handle_bytes = 129;
	C(open_by_handle_at(dfd, &u.h, O_RDONLY));
	u.h.handle_bytes = 4;
	C(open_by_handle_at(dfd, &u.h, O_RDONLY));
	u = v;
	u.h.handle_type = 99;
	C(fd = open_by_handle_at(dfd, &u.h, O_RDONLY));
	close(fd);
	u = v;
	u.bytes[0] ^= 1;
	C(open_by_handle_at(dfd, &u.h, O_RDONLY));
	C(unlink("g"));
	C(open_by_handle_at(dfd, &v.h, O_RDONLY));
}

static long
cachestat_of(int fd, uint64_t off, uint64_t len, unsigned flags)
{
	uint64_t range[2] = { off, len }, cs[5] = { 77, 77, 77, 77, 77 };
	long ret = syscall(SYS_cachestat, fd, range, cs, flags);

	if (ret == 0)
		ret = cs[0] * 100 + cs[1] + cs[2] + cs[3] + cs[4];
	return ret;
}

void
conf_cachestat(void)
{
	uint64_t range[2] = { 0, 0 }, cs[5];
	int fd, p[2];
	char *m;

	mk("f", "text");
	C(fd = open("f", O_RDWR));
	C(cachestat_of(fd, 0, 0, 0));
	C(ftruncate(fd, 100 << 12));
	C(cachestat_of(fd, 0, 0, 0));
	C(pwrite(fd, "x", 1, 10 << 12));
	C(pwrite(fd, "x", 1, 20 << 12));
	C(fallocate(fd, 0, 30 << 12, 5 << 12));
	C(cachestat_of(fd, 0, 0, 0));
	C(cachestat_of(fd, 1 << 12, 0, 0));
	C(cachestat_of(fd, 0, 10 << 12, 0));
	C(cachestat_of(fd, 0, (10 << 12) + 1, 0));
	C(cachestat_of(fd, (10 << 12) + 4095, 1, 0));
	C(cachestat_of(fd, 31 << 12, 2 << 12, 0));
	C(cachestat_of(fd, 0, UINT64_MAX, 0));
	C(cachestat_of(fd, 0, 0, 1));
	C(syscall(SYS_cachestat, fd, NULL, cs, 0));
	C(syscall(SYS_cachestat, fd, range, NULL, 0));
	C(syscall(SYS_cachestat, fd, NULL, cs, 1));
	C(cachestat_of(99, 0, 0, 0));
	m = mmap(NULL, 100 << 12, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	C(m != MAP_FAILED);
	m[50 << 12] = 'x';
	C(cachestat_of(fd, 0, 0, 0));
	C(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
	    25 << 12));
	C(cachestat_of(fd, 0, 0, 0));
	C(munmap(m, 100 << 12));
	C(cachestat_of(open(".", O_RDONLY), 0, 0, 0));
	C(cachestat_of(open("f", O_PATH), 0, 0, 0));
	C(pipe(p));
	C(cachestat_of(p[0], 0, 0, 0));
}
