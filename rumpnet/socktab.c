/* SPDX-License-Identifier: BSD-2-Clause */
/* socktab: tables of sockets by address, and the network's boot. */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/conn.h"
#include "rumpnet/ifnet.h"
#include "rumpnet/net.h"

void
socktab_add(struct socktab *tb, uint32_t bucket, struct socket *so)
{
	struct socket **head = &tb->tb_bucket[bucket % TAB_BUCKETS];

	KASSERT(kmutex_owned(&tb->tb_lock) && so->so_tab == NULL);
	KSET(so->so_tabprev, NULL);
	KSET(so->so_tabnext, *head);
	if (*head != NULL)
		KSET((*head)->so_tabprev, so);
	KSET(*head, so);
	KSET(so->so_bucket, bucket % TAB_BUCKETS);
	KSET(so->so_tab, tb);
}

void
socktab_remove(struct socket *so)
{
	struct socktab *tb = so->so_tab;

	if (tb == NULL)
		return;
	KASSERT(kmutex_owned(&tb->tb_lock));
	if (so->so_tabprev != NULL)
		KSET(so->so_tabprev->so_tabnext, so->so_tabnext);
	else
		KSET(tb->tb_bucket[so->so_bucket], so->so_tabnext);
	if (so->so_tabnext != NULL)
		KSET(so->so_tabnext->so_tabprev, so->so_tabprev);
	KSET(so->so_tab, NULL);
}

void
net_boot(void)
{
	struct net_state *ns = arena_bootmem(sizeof(*ns));
	int i;

	for (i = 0; i < IN_PROTOS; i++)
		kmutex_init(&ns->ns_bound[i].tb_lock, KRANK_SOCKTAB);
	kmutex_init(&ns->ns_conns.tb_lock, KRANK_SOCKTAB);
	kmutex_init(&ns->ns_netlink.tb_lock, KRANK_SOCKTAB);
	kmutex_init(&ns->ns_local.tb_lock, KRANK_SOCKTAB);
	kmutex_init(&ns->ns_rightslock, KRANK_RIGHTS);
	ARENA->a_net = ns;
	sock_boot();
	conn_boot();
	ifnet_boot();
}
