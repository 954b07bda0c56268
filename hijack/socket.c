/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket: whose a new socket is.  From there on its descriptor tells.
 */
#include <asm/unistd.h>
#include <sys/socket.h>

#include "hijack/hijack.h"
#include "rumpnet/ifnet.h"
#include "syscalls/dispatch.h"

long
hj_sys_socket(struct hj_frame *hf)
{
	long ret;

	if (!hj_family_isrump(hf->hf_args[0]))
		return HJ_TO_HOST;
	ret = sys_call(hj_callinfo[hf->hf_nr].hc_rsys, hf->hf_args);
	if (ret != -EAFNOSUPPORT &&
	    (hf->hf_args[0] != AF_NETLINK || ret != -EPROTONOSUPPORT))
		return ret;
	hj_trace_note("protocol family %d is not of this kernel: the host's",
	    (int)hf->hf_args[0]);
	return HJ_TO_HOST;
}

/* Is it a socket of AF_UNIX? */
static bool
is_local(int fd)
{
	int domain = 0, len = sizeof(domain);

	return hj_host(__NR_getsockopt, fd, SOL_SOCKET, SO_DOMAIN,
		   (long)&domain, (long)&len) == 0 &&
	    domain == AF_UNIX;
}

long
hj_sys_ifioctl(struct hj_frame *hf)
{
	const long *a = hf->hf_args;

	if (!hj_family_isrump(AF_INET) || !is_local((int)a[0]))
		return hj_host(__NR_ioctl, a[0], a[1], a[2]);
	return -ifnet_ioctl(AF_UNIX, (uint32_t)a[1], (void *)a[2]);
}
