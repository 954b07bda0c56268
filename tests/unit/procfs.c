/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of /proc: their text, and what cannot be done to them. */
#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>

#include "tests/unit/unit.h"

SUITE(procfs);

static char text[1 << 20];

/* The whole file, in pieces. */
static size_t
take(const char *path, size_t piece)
{
	int fd = OK(rump_sys_open(path, O_RDONLY));
	size_t n = 0;
	long r;

	while ((r = OK(rump_sys_read(fd, text + n, piece))) > 0)
		n += r;
	EQ(rump_sys_close(fd), 0);
	text[n] = '\0';
	return n;
}

Test(procfs, reads_in_pieces_and_from_anywhere)
{
	char part[8], *whole;
	struct stat st;
	size_t n;
	int fd;

	n = take("/proc/net/udp", 4096);
	EQ(n, 128);
	whole = strdup(text);
	EQ(take("/proc/net/udp", 1), n);
	cr_assert_str_eq(text, whole);
	EQ(take("/proc/net/udp", 7), n);
	cr_assert_str_eq(text, whole);
	fd = OK(rump_sys_open("/proc/net/udp", O_RDONLY));
	EQ(rump_sys_pread(fd, part, 8, 5), 8);
	EQ(memcmp(part, whole + 5, 8), 0);
	EQ(rump_sys_lseek(fd, 100, SEEK_SET), 100);
	EQ(rump_sys_read(fd, part, 8), 8);
	EQ(memcmp(part, whole + 100, 8), 0);
	EQ(rump_sys_pread(fd, part, 8, n), 0);
	EQ(rump_sys_pread(fd, part, 8, n - 1), 1);
	EQ(rump_sys_fstat(fd, &st), 0);
	EQ(st.st_size, 0);
	EQ(st.st_nlink, 1);
	EQ(st.st_mode, S_IFREG | 0444);
	EQ(rump_sys_close(fd), 0);
	free(whole);
}

/* Many pages of it, while the sockets change between two reads. */
Test(procfs, text_is_that_of_the_open)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	int fds[500], fd, i, lines = 0;
	size_t n = 0;
	long r;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < 500; i++) {
		fds[i] = OK(rump_sys_socket(AF_INET, SOCK_DGRAM, 0));
		EQ(rump_sys_bind(fds[i], (struct sockaddr *)&sa, sizeof(sa)),
		    0);
	}
	fd = OK(rump_sys_open("/proc/net/udp", O_RDONLY));
	for (i = 0; i < 500; i++)
		EQ(rump_sys_close(fds[i]), 0);
	while ((r = OK(rump_sys_read(fd, text + n, 1000))) > 0)
		n += r;
	EQ(rump_sys_close(fd), 0);
	for (i = 0; i < (int)n; i++)
		lines += text[i] == '\n';
	EQ(lines, 501);
	EQ(n, 501 * 128);
	EQ(take("/proc/net/udp", 4096), 128);
}

Test(procfs, cannot_be_changed)
{
	FAILS(rump_sys_open("/proc/net/tcp", O_WRONLY), EACCES);
	FAILS(rump_sys_open("/proc/net/tcp", O_RDONLY | O_TRUNC), EACCES);
	FAILS(rump_sys_open("/proc/net/new", O_RDWR | O_CREAT, 0666), EPERM);
	FAILS(rump_sys_mkdir("/proc/new", 0777), EPERM);
	FAILS(rump_sys_unlink("/proc/net/tcp"), EPERM);
	FAILS(rump_sys_rmdir("/proc/net"), EPERM);
	FAILS(rump_sys_rename("/proc", "/other"), EPERM);
	FAILS(rump_sys_rename("/proc/net/tcp", "/tcp"), EPERM);
	FAILS(rump_sys_link("/dev/null", "/proc/null"), EPERM);
	OK(take("/proc/net/tcp", 4096));
}

Test(procfs, every_file_has_a_text)
{
	static const char *const names[] = { "arp", "dev", "icmp", "icmp6",
		"if_inet6", "ipv6_route", "netlink", "netstat", "packet",
		"protocols", "raw", "raw6", "route", "snmp", "sockstat",
		"sockstat6", "tcp", "tcp6", "udp", "udp6", "unix" };
	char path[64];
	size_t i, n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/net/%s", names[i]);
		n = take(path, 4096);
		cr_assert(n > 0 && text[n - 1] == '\n', "%s: %zu", path, n);
	}
	EQ(take("/proc/sys/net/ipv4/ip_local_port_range", 99), 12);
	cr_assert_str_eq(text, "32768\t60999\n");
}
