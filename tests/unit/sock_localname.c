/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX: names, and who may connect to them. */
#include "tests/unit/socklocal.h"

TestSuite(sock_localname, .init = start, .fini = finish, .timeout = 60);

Test(sock_localname, bind_makes_a_node_and_tells_the_name)
{
	struct sockaddr_un sa;
	socklen_t len = sizeof(sa);
	struct stat st;
	int fd;

	rump_sys_umask(022);
	fd = bound(SOCK_STREAM, "s1");
	OK(rump_sys_stat("s1", &st));
	EQ(st.st_mode, S_IFSOCK | 0755);
	OK(rump_sys_getsockname(fd, SA(sa), &len));
	EQ(len, PATH_AT + 3);
	EQ(strcmp(sa.sun_path, "s1"), 0);
	/* What does not fit is cut off, and the length tells. */
	memset(&sa, 'x', sizeof(sa));
	len = PATH_AT + 1;
	OK(rump_sys_getsockname(fd, SA(sa), &len));
	EQ(len, PATH_AT + 3);
	EQ(sa.sun_path[1], 'x');
	FAILS(rump_sys_open("s1", O_RDWR), ENXIO);
	OK(rump_sys_close(fd));
	/* It stays when the socket goes. */
	OK(rump_sys_stat("s1", &st));
	OK(rump_sys_unlink("s1"));
}

Test(sock_localname, path_that_fills_the_address_needs_no_nul)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char back[200];
	socklen_t len = sizeof(back);
	int fd = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));

	memset(sa.sun_path, 'a', sizeof(sa.sun_path));
	OK(rump_sys_bind(fd, SA(sa), sizeof(sa)));
	OK(rump_sys_getsockname(fd, (struct sockaddr *)(void *)back, &len));
	EQ(len, sizeof(sa) + 1);
	OK(rump_sys_close(fd));
	memcpy(back, sa.sun_path, sizeof(sa.sun_path));
	back[sizeof(sa.sun_path)] = '\0';
	OK(rump_sys_unlink(back));
}

Test(sock_localname, bind_refuses_what_linux_refuses)
{
	struct sockaddr_un sa;
	socklen_t len = path(&sa, "s2");
	int fd = bound(SOCK_STREAM, "s2");
	int b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));

	FAILS(rump_sys_bind(b, SA(sa), len), EADDRINUSE);
	FAILS(rump_sys_bind(fd, SA(sa), len), EADDRINUSE);
	len = path(&sa, "s3");
	FAILS(rump_sys_bind(fd, SA(sa), len), EINVAL);
	FAILS(rump_sys_access("s3", F_OK), ENOENT);
	FAILS(rump_sys_bind(b, SA(sa), sizeof(sa) + 1), EINVAL);
	FAILS(rump_sys_bind(b, SA(sa), 1), EINVAL);
	len = path(&sa, "nowhere/s3");
	FAILS(rump_sys_bind(b, SA(sa), len), ENOENT);
	len = path(&sa, "s2/s3");
	FAILS(rump_sys_bind(b, SA(sa), len), ENOTDIR);
	sa.sun_family = AF_INET;
	FAILS(rump_sys_bind(b, SA(sa), len), EINVAL);
	FAILS(rump_sys_bind(b, (void *)8, len), EFAULT);
	close2(fd, b);
	OK(rump_sys_unlink("s2"));
}

Test(sock_localname, abstract_names_are_each_types_own_and_end_with_the_socket)
{
	struct sockaddr_un sa;
	socklen_t len = name(&sa, "rump-abstract"), n = sizeof(sa);
	int a = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	int b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	int c = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));

	OK(rump_sys_bind(a, SA(sa), len));
	FAILS(rump_sys_bind(b, SA(sa), len), EADDRINUSE);
	/* One more byte is another name. */
	OK(rump_sys_bind(b, SA(sa), len + 1));
	OK(rump_sys_bind(c, SA(sa), len));
	OK(rump_sys_getsockname(a, SA(sa), &n));
	EQ(n, len);
	OK(rump_sys_listen(a, 1));
	OK(rump_sys_close(a));
	a = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	FAILS(rump_sys_connect(a, SA(sa), len), ECONNREFUSED);
	OK(rump_sys_bind(a, SA(sa), len));
	close2(a, b);
	OK(rump_sys_close(c));
}

Test(sock_localname, autobind_chooses_five_digits)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa);
	int a = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));
	char first[6];

	OK(rump_sys_bind(a, SA(sa), sizeof(sa_family_t)));
	OK(rump_sys_getsockname(a, SA(sa), &len));
	EQ(len, PATH_AT + 6);
	EQ(sa.sun_path[0], 0);
	EQ(strspn(sa.sun_path + 1, "0123456789abcdef"), 5);
	memcpy(first, sa.sun_path, 6);
	/* Again: nothing changes. */
	OK(rump_sys_bind(a, SA(sa), sizeof(sa_family_t)));
	len = sizeof(sa);
	OK(rump_sys_getsockname(a, SA(sa), &len));
	EQ(memcmp(first, sa.sun_path, 6), 0);
	OK(rump_sys_close(a));
}

Test(sock_localname, unbound_names_are_the_family_alone)
{
	struct sockaddr_un sa;
	socklen_t len = sizeof(sa);
	int sv[2], fd;

	OK(rump_sys_socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	OK(rump_sys_getsockname(sv[0], SA(sa), &len));
	EQ(len, 2);
	len = sizeof(sa);
	OK(rump_sys_getpeername(sv[0], SA(sa), &len));
	EQ(len, 2);
	EQ(sa.sun_family, AF_UNIX);
	/* The peer gets a name late. */
	len = name(&sa, "late");
	OK(rump_sys_bind(sv[1], SA(sa), len));
	len = sizeof(sa);
	OK(rump_sys_getpeername(sv[0], SA(sa), &len));
	EQ(len, PATH_AT + 5);
	/* And is known by it after its end. */
	OK(rump_sys_close(sv[1]));
	len = sizeof(sa);
	OK(rump_sys_getpeername(sv[0], SA(sa), &len));
	EQ(len, PATH_AT + 5);
	OK(rump_sys_close(sv[0]));
	fd = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	FAILS(rump_sys_getpeername(fd, SA(sa), &len), ENOTCONN);
	OK(rump_sys_close(fd));
}

Test(sock_localname, who_may_connect_is_who_may_write_the_node)
{
	int fd, c;

	OK(rump_sys_mkdir("d", 0755));
	OK(rump_sys_chmod("d", 0755));
	fd = listening(SOCK_STREAM, "d/s", 5);
	OK(rump_sys_chmod("d/s", 0755));
	OK(rump_sys_setresuid(-1, 1000, -1));
	EQ(connected(SOCK_STREAM, "d/s"), -1);
	EQ(errno, EACCES);
	OK(rump_sys_setresuid(-1, 0, -1));
	OK(rump_sys_chmod("d/s", 0722));
	OK(rump_sys_setresuid(-1, 1000, -1));
	c = (int)OK(connected(SOCK_STREAM, "d/s"));
	OK(rump_sys_close(c));
	OK(rump_sys_setresuid(-1, 0, -1));
	OK(rump_sys_chmod("d", 0700));
	OK(rump_sys_setresuid(-1, 1000, -1));
	EQ(connected(SOCK_STREAM, "d/s"), -1);
	EQ(errno, EACCES);
	OK(rump_sys_setresuid(-1, 0, -1));
	OK(rump_sys_close(fd));
	OK(rump_sys_unlink("d/s"));
	OK(rump_sys_rmdir("d"));
}
