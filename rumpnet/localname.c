/* SPDX-License-Identifier: BSD-2-Clause */
/* localname: what local sockets are bound to. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lwproc/proc.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/conn.h"
#include "rumpnet/local.h"
#include "rumpnet/net.h"
#include "rumpvfs/dir.h"
#include "rumpvfs/namei.h"

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static inline struct socktab *
table(void)
{
	return &net()->ns_local;
}

/* Where its name is. */
static struct netname **
name_of(struct socket *so)
{
	struct conn *cn = so->so_conn;

	return cn != NULL ? &cn->cn_name[so->so_side] : &so->so_name;
}

const struct netname *
local_name(const struct socket *so)
{
	const struct conn *cn = so->so_conn;

	return cn != NULL ? KREAD(cn->cn_name[so->so_side]) :
			    KREAD(so->so_name);
}

int
local_checkname(const struct netname *nn)
{
	if (nn->nn_len <= PATH_AT || nn->nn_len > sizeof(nn->nn_un) ||
	    nn->nn_sa.sa_family != AF_UNIX)
		return EINVAL;
	return 0;
}

/* Does it name a file?  Else an abstract one, of any bytes. */
static bool
is_path(const struct netname *nn)
{
	return nn->nn_un.sun_path[0] != '\0';
}

static uint32_t
hash_name(const struct netname *nn, int type)
{
	uint64_t h = 0xcbf29ce484222325UL ^ (uint64_t)type;
	uint32_t i;

	for (i = PATH_AT; i < nn->nn_len; i++)
		h = (h ^ (uint8_t)nn->nn_raw[i]) * 0x100000001b3UL;
	return (uint32_t)(h ^ h >> 32);
}

static uint32_t
hash_vnode(const struct vnode *vp)
{
	return (uint32_t)((uintptr_t)vp >> 6);
}

/* The table is locked.  Abstract names are each type's own. */
static struct socket *
find_name(const struct netname *nn, int type)
{
	const struct netname *name;
	struct socket *so;

	so = table()->tb_bucket[hash_name(nn, type) % TAB_BUCKETS];
	for (; so != NULL; so = so->so_tabnext) {
		name = local_name(so);
		if (so->so_vnode == NULL && so->so_type == type &&
		    name->nn_len == nn->nn_len &&
		    memcmp(name->nn_raw, nn->nn_raw, nn->nn_len) == 0)
			return so;
	}
	return NULL;
}

static struct socket *
find_vnode(const struct vnode *vp)
{
	struct socket *so;

	so = table()->tb_bucket[hash_vnode(vp) % TAB_BUCKETS];
	while (so != NULL && so->so_vnode != vp)
		so = so->so_tabnext;
	return so;
}

/* A copy, in hand. */
static struct netname *
copy_name(const struct netname *nn)
{
	struct netname *name = kmem_alloc(sizeof(*name));

	if (name != NULL)
		*name = *nn;
	return name;
}

/* Logged, under the table's lock: the name in hand is the socket's. */
static void
set_name(struct socket *so, struct netname *name, uint32_t bucket)
{
	KSET(*name_of(so), name);
	khand_drop(name);
	socktab_add(table(), bucket, so);
}

static int
bind_abstract(struct socket *so, const struct netname *nn)
{
	struct netname *name = copy_name(nn);
	int error = 0;

	if (name == NULL)
		return ENOMEM;
	kmutex_enter(&table()->tb_lock);
	if (local_name(so) != NULL)
		error = EINVAL;
	else if (find_name(nn, so->so_type) != NULL)
		error = EADDRINUSE;
	else
		set_name(so, name, hash_name(nn, so->so_type));
	klog_commit();
	kmutex_exit(&table()->tb_lock);
	if (error != 0)
		kmem_free(name);
	return error;
}

/* --- Nodes of the host's -------------------------------------------------- */

/* As an address: abstract, of this form, which no program has reason to use. */
static const char key_head[6] = { '\0', 0x1c, 'n', 'o', 'd', 'e' };

void
local_hostname(uint64_t key, struct netname *nn)
{
	memset(nn, 0, sizeof(*nn));
	nn->nn_len = PATH_AT + sizeof(key_head) + sizeof(key);
	nn->nn_sa.sa_family = AF_UNIX;
	memcpy(nn->nn_un.sun_path, key_head, sizeof(key_head));
	memcpy(nn->nn_un.sun_path + sizeof(key_head), &key, sizeof(key));
}

/* The number in such an address; 0: it is none. */
static uint64_t
host_key(const struct netname *nn)
{
	uint64_t key;

	if (nn->nn_len != PATH_AT + sizeof(key_head) + sizeof(key) ||
	    memcmp(nn->nn_un.sun_path, key_head, sizeof(key_head)) != 0)
		return 0;
	memcpy(&key, nn->nn_un.sun_path + sizeof(key_head), sizeof(key));
	return key;
}

/* The table is locked. */
static struct socket *
find_host(uint64_t key)
{
	struct socket *so = table()->tb_bucket[key % TAB_BUCKETS];

	while (so != NULL && so->so_hostkey != key)
		so = so->so_tabnext;
	return so;
}

bool
local_ishost(uint64_t key)
{
	bool is;

	kmutex_enter(&table()->tb_lock);
	is = find_host(key) != NULL;
	kmutex_exit(&table()->tb_lock);
	return is;
}

int
local_bindhost(struct socket *so, const struct netname *nn, uint64_t key)
{
	struct netname *name = copy_name(nn);
	int error = 0;

	if (name == NULL)
		return ENOMEM;
	name->nn_sa.sa_family |= LOCAL_HOSTED;
	kmutex_enter(&table()->tb_lock);
	if (local_name(so) != NULL)
		error = EINVAL;
	else {
		set_name(so, name, key % TAB_BUCKETS);
		KSET(so->so_hostkey, key);
	}
	klog_commit();
	kmutex_exit(&table()->tb_lock);
	if (error != 0)
		kmem_free(name);
	return error;
}

/* --- Binding -------------------------------------------------------------- */

/* The name lock is held: the node is there, the socket gets it. */
static int
bind_node(struct socket *so, struct vnode *vp, const struct netname *nn)
{
	struct netname *name = copy_name(nn);

	if (name == NULL)
		return ENOMEM;
	vnode_hold(vp);
	kmutex_enter(&table()->tb_lock);
	if (local_name(so) == NULL) {
		set_name(so, name, hash_vnode(vp));
		KSET(so->so_vnode, vp);
		khand_drop(vp);
	}
	klog_commit();
	kmutex_exit(&table()->tb_lock);
	return so->so_vnode == vp ? 0 : EINVAL;
}

/* Its path, in c_path[0]. */
static char *
path_of(const struct netname *nn)
{
	char *path = curcpu()->c_path[0];
	size_t n = nn->nn_len - PATH_AT;

	memcpy(path, nn->nn_un.sun_path, n);
	path[n] = '\0';
	return path;
}

static int
bind_path(struct lwp *l, struct socket *so, const struct netname *nn)
{
	uint32_t mark = khand_mark();
	struct netname name = *nn;
	struct nameidata nd;
	char *path = path_of(nn);
	int error;

	/* As Linux: the name ends where the path does, with a NUL. */
	name.nn_len = PATH_AT + strlen(path) + 1;
	memset(name.nn_raw + name.nn_len - 1, 0,
	    sizeof(name.nn_raw) - name.nn_len + 1);
	error = namei_lookup_sys(&nd, l, AT_FDCWD, path,
	    NAMEI_PARENT | NAMEI_CREATE);
	if (error != 0)
		return error;
	if (nd.nd_vp != NULL)
		error = EADDRINUSE;
	else if (nd.nd_slash)
		error = ENOENT;
	else if (local_name(so) != NULL)
		error = EINVAL;
	else
		error = dir_create(&nd, VSOCK, KREAD(so->so_mode), 0, NULL,
		    NULL);
	if (error == 0)
		error = bind_node(so, nd.nd_vp, &name);
	namei_done(&nd);
	khand_release_to(mark);
	return error;
}

/* Logged, under the table's lock: a free number becomes the name. */
static int
choose_name(struct socket *so, struct netname *name)
{
	struct net_state *ns = net();
	uint32_t i;

	for (i = 0; i <= 0xfffff; i++) {
		kfmt(name->nn_un.sun_path + 1, 6, "%05x",
		    (ns->ns_autoname + i) & 0xfffff);
		if (find_name(name, so->so_type) == NULL)
			break;
	}
	if (i > 0xfffff)
		return ENOSPC;
	KSET(ns->ns_autoname, ns->ns_autoname + i + 1);
	set_name(so, name, hash_name(name, so->so_type));
	return 0;
}

static int
bind_any(struct socket *so)
{
	struct netname nn = { .nn_len = PATH_AT + 6 }, *name;
	int error = 0;

	if (local_name(so) != NULL)
		return 0;
	nn.nn_un.sun_family = AF_UNIX;
	name = copy_name(&nn);
	if (name == NULL)
		return ENOMEM;
	kmutex_enter(&table()->tb_lock);
	if (local_name(so) == NULL)
		error = choose_name(so, name);
	klog_commit();
	kmutex_exit(&table()->tb_lock);
	if (khand_has(name))
		kmem_free(name);
	return error;
}

int
local_autobind(struct socket *so)
{
	return local_wantscred(so) ? bind_any(so) : 0;
}

int
local_bind(struct lwp *l, struct socket *so, const struct netname *nn)
{
	int error;

	if (nn->nn_len == PATH_AT && nn->nn_sa.sa_family == AF_UNIX)
		return bind_any(so);
	error = local_checkname(nn);
	if (error != 0)
		return error;
	return is_path(nn) ? bind_path(l, so, nn) : bind_abstract(so, nn);
}

/* The name lock is held. */
static int
find_node(struct nameidata *nd, const struct socket *from, struct socket **sop)
{
	struct vnode *vp = nd->nd_vp;
	struct socket *so = NULL;
	int error;

	if (vp == NULL)
		return ENOENT;
	error = vnode_access(vp, &nd->nd_cred, W_OK);
	if (error != 0)
		return error;
	kmutex_enter(&table()->tb_lock);
	if (vp->v_type == VSOCK)
		so = find_vnode(vp);
	if (so == NULL)
		error = ECONNREFUSED;
	else if (so->so_type != from->so_type)
		error = EPROTOTYPE;
	else
		sock_hold(so);
	kmutex_exit(&table()->tb_lock);
	if (error != 0)
		return error;
	vnode_accessed(vp);
	*sop = so;
	return 0;
}

int
local_find(struct lwp *l, const struct socket *from, const struct netname *nn,
    struct socket **sop)
{
	struct nameidata nd;
	struct socket *so;
	int error = 0;

	if (is_path(nn)) {
		error = namei_lookup_sys(&nd, l, AT_FDCWD, path_of(nn),
		    NAMEI_FOLLOW);
		if (error != 0)
			return error;
		error = find_node(&nd, from, sop);
		namei_done(&nd);
		return error;
	}
	kmutex_enter(&table()->tb_lock);
	so = host_key(nn) != 0 ? find_host(host_key(nn)) :
				 find_name(nn, from->so_type);
	if (so == NULL)
		error = ECONNREFUSED;
	else if (so->so_type != from->so_type)
		error = EPROTOTYPE;
	else
		sock_hold(so);
	kmutex_exit(&table()->tb_lock);
	*sop = so;
	return error;
}

void
local_unbind(struct socket *so)
{
	struct vnode *vp;

	if (local_name(so) == NULL)
		return;
	kmutex_enter(&table()->tb_lock);
	socktab_remove(so);
	vp = so->so_vnode;
	if (vp != NULL) {
		KSET(so->so_vnode, NULL);
		khand_add(KHAND_VNODE, vp);
	}
	klog_commit();
	kmutex_exit(&table()->tb_lock);
	if (vp != NULL)
		vnode_rele(vp);
}

int
local_copyname(struct socket *to, const struct socket *from)
{
	const struct netname *nn = local_name(from);
	struct conn *cn = to->so_conn;
	struct netname *name, *old;

	if (nn == NULL)
		return 0;
	name = copy_name(nn);
	if (name == NULL)
		return ENOMEM;
	kmutex_enter(&cn->cn_lock);
	/* One that came to nothing may have left a name: nobody reads it. */
	old = name;
	if (!(cn->cn_sock[0]->so_state & SS_CONNECTED)) {
		old = *name_of(to);
		KSET(*name_of(to), name);
		khand_drop(name);
		if (old != NULL)
			khand_add(KHAND_MEM, old);
	}
	klog_commit();
	kmutex_exit(&cn->cn_lock);
	if (old != NULL)
		kmem_free(old);
	return 0;
}

void
local_givename(const struct netname *name, struct netname *nn)
{
	if (name != NULL) {
		*nn = *name;
		return;
	}
	memset(nn, 0, sizeof(*nn));
	nn->nn_len = PATH_AT;
	nn->nn_sa.sa_family = AF_UNIX;
}

/* The name of the other end of a datagram socket. */
static int
dgram_peername(struct socket *so, struct netname *nn)
{
	int error = 0;

	kmutex_enter(&table()->tb_lock);
	if (so->so_dpeer == NULL)
		error = ENOTCONN;
	else
		local_givename(local_name(so->so_dpeer), nn);
	kmutex_exit(&table()->tb_lock);
	return error;
}

int
local_getname(struct socket *so, bool peer, struct netname *nn)
{
	struct conn *cn = so->so_conn;

	if (!peer)
		local_givename(local_name(so), nn);
	else if (cn == NULL)
		return dgram_peername(so, nn);
	else if (!(KREAD(so->so_state) & SS_CONNECTED))
		return ENOTCONN;
	else
		local_givename(KREAD(cn->cn_name[!so->so_side]), nn);
	return 0;
}

void
local_eachvnode(void (*fn)(struct vnode *))
{
	struct socket *so;
	uint32_t i;

	for (i = 0; i < TAB_BUCKETS; i++)
		for (so = table()->tb_bucket[i]; so != NULL;
		     so = so->so_tabnext)
			if (so->so_vnode != NULL)
				fn(so->so_vnode);
}
