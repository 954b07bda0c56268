/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_check: do the tables, the connections and the references of sockets add
 * up?  For a kernel that nobody uses meanwhile.
 *
 * so_link and cn_link, which only free objects need, count the references
 * found.
 */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/conn.h"
#include "rumpnet/ifnet.h"
#include "rumpnet/net.h"
#include "rumpnet/packet.h"

/* A free one has no reference, or is filled with a pattern: very many. */
#define MANY (1U << 24)

static bool
sock_live(const struct socket *so)
{
	return so->so_refs > 0 && so->so_refs < MANY;
}

static bool
conn_live(const struct conn *cn)
{
	return cn->cn_refs > 0 && cn->cn_refs < MANY;
}

static void
found_sock(struct socket *so)
{
	if (so != NULL && kmem_valid(KC_SOCK, so))
		so->so_link++;
}

static void
found_conn(struct conn *cn)
{
	if (cn != NULL && kmem_valid(KC_CONN, cn))
		cn->cn_link++;
}

static int
reset_sock(void *obj)
{
	struct socket *so = obj;

	if (sock_live(so))
		so->so_link = 0;
	return 0;
}

static int
reset_conn(void *obj)
{
	struct conn *cn = obj;

	if (conn_live(cn))
		cn->cn_link = 0;
	return 0;
}

/* What a file holds. */
static int
ref_file(void *obj)
{
	const struct file *f = obj;

	if (f->f_type == FTYPE_SOCK && f->f_count < MANY &&
	    (f->f_count > 0 || f->f_zombie))
		found_sock(f->f_data);
	return 0;
}

/* What a socket holds. */
static int
ref_sock(void *obj)
{
	const struct socket *so = obj;
	struct socket *s;

	if (!sock_live(so))
		return 0;
	for (s = so->so_qhead; s != NULL; s = s->so_qnext)
		found_sock(s);
	found_sock(so->so_dpeer);
	found_conn(so->so_conn);
	return 0;
}

/* What a connection holds. */
static int
ref_conn(void *obj)
{
	const struct conn *cn = obj;

	if (conn_live(cn))
		found_conn(cn->cn_old);
	return 0;
}

static void
ref_hands(void)
{
	struct cpu *c;
	uint32_t i, j;

	for (i = 1; i < atomic_load(&ARENA->a_ncpus); i++) {
		c = cpu_byindex(i);
		for (j = 0; j < c->c_nhand; j++) {
			if (c->c_hand[j].kh_kind == KHAND_SOCK)
				found_sock(c->c_hand[j].kh_obj);
			if (c->c_hand[j].kh_kind == KHAND_CONN)
				found_conn(c->c_hand[j].kh_obj);
		}
	}
}

static int
check_sock(void *obj)
{
	const struct socket *so = obj;

	if (!sock_live(so))
		return 0;
	if (so->so_link == so->so_refs)
		return packetq_check(&so->so_rq) + packetq_check(&so->so_cork);
	kprintf("socket %p of kind %d, state %x: %u references, counted %lu\n",
	    obj, so->so_kind, so->so_state, so->so_refs,
	    (unsigned long)so->so_link);
	return 1;
}

static int
check_conn(void *obj)
{
	struct conn *cn = obj;

	if (!conn_live(cn))
		return 0;
	if (cn->cn_link == cn->cn_refs)
		return conn_check(cn) + packetq_check(&cn->cn_in[0].st_pkts) +
		    packetq_check(&cn->cn_in[1].st_pkts);
	kprintf("conn %p: %u references, counted %lu\n", obj, cn->cn_refs,
	    (unsigned long)cn->cn_link);
	return 1;
}

static int
check_table(struct socktab *tb)
{
	const struct socket *so, *prev;
	int i, faults = 0;

	for (i = 0; i < TAB_BUCKETS; i++) {
		prev = NULL;
		for (so = tb->tb_bucket[i]; so != NULL; so = so->so_tabnext) {
			if (so->so_tabprev != prev || so->so_tab != tb ||
			    so->so_refs == 0) {
				kprintf("socket %p is not linked well\n",
				    (const void *)so);
				faults++;
			}
			prev = so;
		}
	}
	return faults;
}

int
net_check(void)
{
	struct net_state *ns = net();
	int i,
	    faults = check_table(&ns->ns_conns) + check_table(&ns->ns_local) +
	    check_table(&ns->ns_netlink);

	for (i = 0; i < IN_PROTOS; i++)
		faults += check_table(&ns->ns_bound[i]);
	(void)kmem_visit(KC_SOCK, reset_sock);
	(void)kmem_visit(KC_CONN, reset_conn);
	(void)kmem_visit(KC_FILE, ref_file);
	(void)kmem_visit(KC_SOCK, ref_sock);
	(void)kmem_visit(KC_CONN, ref_conn);
	ref_hands();
	faults += kmem_visit(KC_SOCK, check_sock);
	faults += ifnet_check();
	faults += kmem_visit(KC_CONN, check_conn);
	return faults;
}
