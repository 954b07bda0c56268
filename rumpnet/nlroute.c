/* SPDX-License-Identifier: BSD-2-Clause */
/* nlroute: see nlroute.h; who answers which request. */
#include "lwproc/proc.h"
#include "rumpnet/inet.h"
#include "rumpnet/nlroute.h"

#define KINDS 4 /* of requests about one thing: new, del, get, set */

/* Of each thing (links, addresses ...) what there is. */
static const struct {
	nl_handler *do_new, *do_del, *do_get, *do_set;
} table[] = {
	[(RTM_NEWLINK - RTM_BASE) / KINDS] = { nl_newlink, nl_dellink,
	    nl_getlink, nl_setlink },
	[(RTM_NEWADDR - RTM_BASE) /
	    KINDS] = { nl_newaddr, nl_deladdr, nl_getaddr, NULL },
	[(RTM_NEWROUTE - RTM_BASE) /
	    KINDS] = { nl_newroute, nl_delroute, nl_getroute, NULL },
	[(RTM_NEWNEIGH - RTM_BASE) / KINDS] = { NULL, NULL, nl_getneigh, NULL },
	[(RTM_NEWRULE - RTM_BASE) / KINDS] = { NULL, NULL, nl_getrule, NULL },
	[(RTM_NEWQDISC - RTM_BASE) / KINDS] = { NULL, NULL, nl_getqdisc, NULL },
	[(RTM_NEWADDRLABEL - RTM_BASE) /
	    KINDS] = { NULL, NULL, nl_getlabel, NULL },
	[(RTM_NEWNETCONF - RTM_BASE) /
	    KINDS] = { NULL, NULL, nl_getconf, NULL },
};

struct in6_addr
nl_addr(const struct nlattr *na, int family)
{
	struct in6_addr a = in_any4();

	if (family == AF_INET)
		memcpy(&a.s6_addr[12], nl_data(na), 4);
	else
		memcpy(&a, nl_data(na), 16);
	return a;
}

void
nl_putaddr(struct nlreq *nr, int type, const struct in6_addr *a, int family)
{
	if (family == AF_INET)
		nl_put(nr, type, &a->s6_addr[12], 4);
	else
		nl_put(nr, type, a, 16);
}

void
nl_name(const struct nlattr *na, char name[IFNAMSIZ])
{
	size_t n = kmin((size_t)nl_len(na), (size_t)IFNAMSIZ - 1);

	memset(name, 0, IFNAMSIZ);
	memcpy(name, nl_data(na), n);
}

int
nl_route_request(struct nlreq *nr)
{
	uint32_t type = nr->nr_hdr->nlmsg_type - RTM_BASE;
	nl_handler *fn = NULL;
	int error;

	if (nr->nr_hdr->nlmsg_type > RTM_MAX)
		return EOPNOTSUPP;
	if (nl_body(nr, sizeof(struct rtgenmsg)) == NULL)
		return 0;
	if (type % KINDS != 2 && !cred_issuper(&nr->nr_lwp->l_proc->p_cred))
		return EPERM;
	if (type / KINDS < nelem(table)) {
		nl_handler *const kinds[KINDS] = { table[type / KINDS].do_new,
			table[type / KINDS].do_del, table[type / KINDS].do_get,
			table[type / KINDS].do_set };

		fn = kinds[type % KINDS];
	}
	if (fn == NULL)
		return EOPNOTSUPP;
	if (type % KINDS == 1 && (nr->nr_hdr->nlmsg_flags & NLM_F_BULK))
		return nl_fail(nr, EOPNOTSUPP, "Bulk delete is not supported",
		    NULL);
	rtnl_enter();
	error = fn(nr);
	rtnl_exit();
	if (error > 0 && error != EOPNOTSUPP && nl_isdump(nr) &&
	    fn == table[type / KINDS].do_get)
		return nl_enddump(nr, error);
	return error;
}
