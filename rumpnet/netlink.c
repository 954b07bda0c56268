/* SPDX-License-Identifier: BSD-2-Clause */
/* netlink: see netlink.h; requests taken apart, answers put together. */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/netlink.h"
#include "rumpnet/packet.h"
#include "rumpnet/sockq.h"

void *
nl_body(const struct nlreq *nr, size_t hdrsize)
{
	if (nr->nr_hdr->nlmsg_len < NLMSG_HDRLEN + hdrsize)
		return NULL;
	return (char *)nr->nr_hdr + NLMSG_HDRLEN;
}

int
nl_fail(struct nlreq *nr, int error, const char *why, const struct nlattr *na)
{
	if (nr == NULL)
		return error;
	nr->nr_why = why;
	nr->nr_whyoff = na == NULL ?
	    0 :
	    (uint32_t)((const char *)na - (const char *)nr->nr_hdr);
	return error;
}

/* The attributes that lie in len bytes. */
static int
parse(struct nlreq *nr, const char *p, size_t len, const struct nlattr **tab,
    int max, const uint8_t *least)
{
	const struct nlattr *na;
	int type;

	memset(tab, 0, (size_t)(max + 1) * sizeof(*tab));
	while (len >= sizeof(*na)) {
		na = (const void *)p;
		if (na->nla_len < sizeof(*na) || na->nla_len > len)
			break;
		type = na->nla_type & NLA_TYPE_MASK;
		if (type != 0 && type <= max) {
			if (nl_len(na) < least[type])
				return nl_fail(nr, ERANGE,
				    "Attribute failed policy validation", na);
			tab[type] = na;
		}
		p += kmin((size_t)NLA_ALIGN(na->nla_len), len);
		len -= kmin((size_t)NLA_ALIGN(na->nla_len), len);
	}
	if (len != 0 && nl_opt(nr->nr_so, NETLINK_GET_STRICT_CHK))
		return nl_fail(nr, EINVAL,
		    "bytes leftover after parsing attributes", NULL);
	return 0;
}

int
nl_attrs(struct nlreq *nr, size_t hdrsize, const struct nlattr **tab, int max,
    const uint8_t *least)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(hdrsize);
	size_t len = nr->nr_hdr->nlmsg_len;

	if (len < NLMSG_HDRLEN + hdrsize)
		return nl_fail(nr, EINVAL, "Invalid header length", NULL);
	return parse(nr, (char *)nr->nr_hdr + skip, len > skip ? len - skip : 0,
	    tab, max, least);
}

int
nl_nested(struct nlreq *nr, const struct nlattr *na, const struct nlattr **tab,
    int max, const uint8_t *least)
{
	return parse(nr, nl_data(na), nl_len(na), tab, max, least);
}

/* --- Answers -------------------------------------------------------------- */

/* The first len bytes of the buffer are a packet. */
static void
flush(struct nlreq *nr, uint32_t len)
{
	struct packet *pk;

	if (len == 0)
		return;
	pk = packet_alloc(len);
	if (pk == NULL) {
		if (nr->nr_so != NULL)
			sockq_error(nr->nr_so, ENOBUFS);
		return;
	}
	memcpy(pk->pk_data, nr->nr_buf, len);
	pk->pk_nlgroup = nr->nr_group;
	if (nr->nr_group != 0)
		nl_multicast(NETLINK_ROUTE, pk);
	else
		sockq_put(nr->nr_so, pk, true);
}

void *
nl_begin(struct nlreq *nr, int type, int flags, size_t size)
{
	struct nlmsghdr *h = (void *)(nr->nr_buf + nr->nr_len);
	const struct nlmsghdr *ask = nr->nr_hdr;

	memset(h, 0, NLMSG_HDRLEN + NLMSG_ALIGN(size));
	h->nlmsg_type = (uint16_t)type;
	h->nlmsg_flags = (uint16_t)flags;
	if (ask != NULL) {
		h->nlmsg_seq = ask->nlmsg_seq;
		h->nlmsg_pid = nr->nr_lwp != NULL ? KREAD(nr->nr_so->so_nlpid) :
						    ask->nlmsg_pid;
	}
	nr->nr_end = nr->nr_len + NLMSG_HDRLEN + NLMSG_ALIGN((uint32_t)size);
	nr->nr_failed = false;
	return h + 1;
}

void
nl_put(struct nlreq *nr, int type, const void *data, size_t len)
{
	struct nlattr *na = (void *)(nr->nr_buf + nr->nr_end);

	if (len > NL_BUF || nr->nr_end + NLA_HDRLEN + NLA_ALIGN(len) > NL_BUF) {
		nr->nr_failed = true;
		return;
	}
	memset(na, 0, NLA_HDRLEN + NLA_ALIGN(len));
	na->nla_type = (uint16_t)type;
	na->nla_len = (uint16_t)(NLA_HDRLEN + len);
	if (data != NULL && len != 0)
		memcpy(na + 1, data, len);
	nr->nr_end += NLA_HDRLEN + NLA_ALIGN((uint32_t)len);
}

void
nl_puts(struct nlreq *nr, int type, const char *s)
{
	nl_put(nr, type, s, strlen(s) + 1);
}

uint32_t
nl_open(struct nlreq *nr, int type)
{
	uint32_t at = nr->nr_end;

	nl_put(nr, type, NULL, 0);
	return at;
}

void
nl_close(struct nlreq *nr, uint32_t at)
{
	struct nlattr *na = (void *)(nr->nr_buf + at);

	if (!nr->nr_failed)
		na->nla_len = (uint16_t)(nr->nr_end - at);
}

void
nl_end(struct nlreq *nr)
{
	struct nlmsghdr *h = (void *)(nr->nr_buf + nr->nr_len);
	uint32_t len = nr->nr_end - nr->nr_len;

	if (nr->nr_failed) {
		nr->nr_end = nr->nr_len;
		return;
	}
	h->nlmsg_len = len;
	if (nr->nr_len != 0 && nr->nr_end > NL_PACK) {
		flush(nr, nr->nr_len);
		memmove(nr->nr_buf, h, len);
		nr->nr_end = len;
	}
	nr->nr_len = nr->nr_end;
}

int
nl_done(struct nlreq *nr)
{
	return nl_enddump(nr, 0);
}

/* --- News ----------------------------------------------------------------- */

bool
nl_news(struct nlreq *news, int group, const struct nlreq *cause)
{
	if (!nl_haslisteners(NETLINK_ROUTE, group))
		return false;
	memset(news, 0, sizeof(*news));
	news->nr_group = (uint32_t)group;
	if (cause != NULL) {
		news->nr_so = cause->nr_so;
		news->nr_hdr = cause->nr_hdr;
		news->nr_lwp = cause->nr_lwp;
	}
	news->nr_buf = kmem_alloc(NL_BUF);
	return news->nr_buf != NULL;
}

void
nl_newsend(struct nlreq *news)
{
	flush(news, news->nr_len);
	kmem_free(news->nr_buf);
}

/* --- Requests ------------------------------------------------------------- */

/* Words about an error. */
static void
put_words(struct nlreq *nr, int error)
{
	nl_puts(nr, NLMSGERR_ATTR_MSG, nr->nr_why);
	if (error != 0 && nr->nr_whyoff != 0)
		nl_put32(nr, NLMSGERR_ATTR_OFFS, nr->nr_whyoff);
}

static bool
has_words(const struct nlreq *nr)
{
	return nl_opt(nr->nr_so, NETLINK_EXT_ACK) && nr->nr_why != NULL;
}

int
nl_enddump(struct nlreq *nr, int error)
{
	bool words = error != 0 && has_words(nr);
	int *e = nl_begin(nr, NLMSG_DONE,
	    NLM_F_MULTI | (words ? NLM_F_ACK_TLVS : 0), sizeof(*e));

	*e = -error;
	if (words)
		put_words(nr, error);
	nl_end(nr);
	return NL_DUMPED;
}

/* NLMSG_ERROR: how it went, with the request or its header. */
static void
acknowledge(struct nlreq *nr, int error)
{
	bool whole = error != 0 && !nl_opt(nr->nr_so, NETLINK_CAP_ACK);
	bool words = has_words(nr);
	uint32_t len = whole ? nr->nr_hdr->nlmsg_len : NLMSG_HDRLEN;
	struct nlmsgerr *e;

	/* Linux would have room for more. */
	if (len > NL_BUF - NL_PACK - 1024) {
		len = NLMSG_HDRLEN;
		whole = false;
	}
	e = nl_begin(nr, NLMSG_ERROR,
	    (whole ? 0 : NLM_F_CAPPED) | (words ? NLM_F_ACK_TLVS : 0),
	    sizeof(e->error) + len);
	e->error = -error;
	memcpy(&e->msg, nr->nr_hdr, len);
	if (words)
		put_words(nr, error);
	nl_end(nr);
}

/* One message. */
static void
answer(struct nlreq *nr)
{
	const struct nlmsghdr *h = nr->nr_hdr;
	int error = 0;

	nr->nr_why = NULL;
	nr->nr_whyoff = 0;
	if ((h->nlmsg_flags & NLM_F_REQUEST) && h->nlmsg_type >= NLMSG_MIN_TYPE)
		error = nl_handlerof(nr->nr_so)(nr);
	if (error != NL_DUMPED && (error != 0 || (h->nlmsg_flags & NLM_F_ACK)))
		acknowledge(nr, error);
	flush(nr, nr->nr_len);
	nr->nr_len = 0;
}

void
nl_answer(struct lwp *l, struct socket *so, char *data, uint32_t len)
{
	struct nlreq nr = { .nr_lwp = l, .nr_so = so };
	uint32_t n;

	nr.nr_buf = kmem_alloc(NL_BUF);
	if (nr.nr_buf == NULL) {
		sockq_error(so, ENOBUFS);
		return;
	}
	while (len >= NLMSG_HDRLEN) {
		nr.nr_hdr = (void *)data;
		n = nr.nr_hdr->nlmsg_len;
		if (n < NLMSG_HDRLEN || n > len)
			break;
		answer(&nr);
		n = kmin(NLMSG_ALIGN(n), len);
		data += n;
		len -= n;
	}
	kmem_free(nr.nr_buf);
}
