/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How what a cpu has in hand is released, by kind, and what a wake does with
 * entries that are not sleepers.
 */
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"
#include "rumpnet/conn.h"
#include "rumpnet/packet.h"
#include "rumpnet/sock.h"
#include "rumpvfs/async.h"
#include "rumpvfs/epoll.h"
#include "rumpvfs/flock.h"
#include "rumpvfs/pipe.h"
#include "rumpvfs/polltab.h"
#include "rumpvfs/vnode.h"

static void
rele_vnode(void *obj)
{
	vnode_rele(obj);
}

static void
rele_file(void *obj)
{
	file_rele(obj);
}

static void
rele_fdesc(void *obj)
{
	fdesc_rele(obj);
}

static void
rele_pipe(void *obj)
{
	pipe_rele(obj);
}

static void
rele_sock(void *obj)
{
	sock_rele(obj);
}

static void
rele_conn(void *obj)
{
	conn_rele(obj);
}

static void
rele_packet(void *obj)
{
	packet_free(obj);
}

static void
rele_mapping(void *obj)
{
	vnode_map_rele(obj);
}

static void
rele_polltab(void *obj)
{
	polltab_free(obj);
}

/* Nothing of this kind can be made yet, so nothing can be in hand. */
static void
rele_none(void *obj)
{
	kpanic("object %p in hand is of a kind that does not exist", obj);
}

void (*const khand_ops[KHAND_MAX])(void *) = {
	[KHAND_NONE] = rele_none,
	[KHAND_MEM] = kmem_free,
	[KHAND_PAGES] = page_free,
	[KHAND_VNODE] = rele_vnode,
	[KHAND_FILE] = rele_file,
	[KHAND_FDESC] = rele_fdesc,
	[KHAND_PROC] = proc_free,
	[KHAND_LWP] = rele_none,
	[KHAND_PIPE] = rele_pipe,
	[KHAND_FLOCK] = flock_release,
	[KHAND_SOCK] = rele_sock,
	[KHAND_CONN] = rele_conn,
	[KHAND_MSG] = rele_packet,
	[KHAND_EPOLL] = rele_none,
	[KHAND_MAPPING] = rele_mapping,
	[KHAND_POLLTAB] = rele_polltab,
};

bool (*const waithooks[WAITHOOK_MAX])(struct waitent *, uint32_t, bool) = {
	[WAITHOOK_EPOLL] = epoll_hook,
	[WAITHOOK_ASYNC] = async_hook,
};
