/* SPDX-License-Identifier: BSD-2-Clause */
/* Local sockets that are bound to nodes of the host's. */
#include <sys/un.h>

#include "lwproc/proc.h"
#include "rumpnet/local.h"
#include "tests/unit/unit.h"

SUITE(sock_host);

#define KEY 0x1234567890UL

static int
local(int type)
{
	return OK(rump_sys_socket(AF_UNIX, type, 0));
}

static int
bind_host(int fd, const char *path, uint64_t key)
{
	struct netname nn = { .nn_len = offsetof(struct sockaddr_un, sun_path) +
		    strlen(path) + 1 };
	struct socket *so;
	struct file *f;
	int error;

	nn.nn_un.sun_family = AF_UNIX;
	strcpy(nn.nn_un.sun_path, path);
	EQ(sock_get(curlwp(), fd, &f, &so), 0);
	error = local_bindhost(so, &nn, key);
	fd_done(curlwp(), f, 0);
	return error;
}

static int
connect_host(int fd, uint64_t key)
{
	struct netname nn;

	local_hostname(key, &nn);
	return rump_sys_connect(fd, &nn.nn_sa, nn.nn_len);
}

Test(sock_host, a_node_leads_to_its_socket)
{
	int ls = local(SOCK_STREAM), c = local(SOCK_STREAM), s;
	char buf[4];

	EQ(bind_host(ls, "/host/x", KEY), 0);
	cr_assert(local_ishost(KEY) && !local_ishost(KEY + 1));
	OK(rump_sys_listen(ls, 1));
	OK(connect_host(c, KEY));
	s = OK(rump_sys_accept(ls, NULL, NULL));
	EQ(OK(rump_sys_write(c, "abc", 3)), 3);
	EQ(OK(rump_sys_read(s, buf, 4)), 3);
	OK(rump_sys_close(ls));
	cr_assert(!local_ishost(KEY));
	FAILS(connect_host(local(SOCK_STREAM), KEY), ECONNREFUSED);
}

Test(sock_host, the_name_tells_whose_it_is)
{
	int ls = local(SOCK_STREAM);
	struct sockaddr_un un;
	socklen_t len = sizeof(un);

	EQ(bind_host(ls, "/host/x", KEY), 0);
	OK(rump_sys_getsockname(ls, (void *)&un, &len));
	EQ(un.sun_family, AF_UNIX | LOCAL_HOSTED);
	cr_assert_str_eq(un.sun_path, "/host/x");
	EQ(len, offsetof(struct sockaddr_un, sun_path) + 8);
}

Test(sock_host, one_name_a_socket)
{
	int fd = local(SOCK_DGRAM);

	EQ(bind_host(fd, "/host/x", KEY), 0);
	EQ(bind_host(fd, "/host/y", KEY + 1), EINVAL);
	cr_assert(!local_ishost(KEY + 1));
}

Test(sock_host, a_node_is_of_one_type)
{
	EQ(bind_host(local(SOCK_DGRAM), "/host/x", KEY), 0);
	FAILS(connect_host(local(SOCK_STREAM), KEY), EPROTOTYPE);
	OK(connect_host(local(SOCK_DGRAM), KEY));
}

Test(sock_host, its_path_is_no_name_of_the_kernel)
{
	struct sockaddr_un un = { AF_UNIX, "/host/x" };

	EQ(bind_host(local(SOCK_DGRAM), "/host/x", KEY), 0);
	FAILS(rump_sys_connect(local(SOCK_DGRAM), (void *)&un, sizeof(un)),
	    ENOENT);
}
