/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RUMPHIJACK: what is taken from the host, parsed.
 *
 * key[=value][,key[=value]...].  path= names the one directory the rump
 * kernel's root appears at; blanket= a list of directories, with colons, that
 * are the rump kernel's under the name they have.
 */
#include <sys/socket.h>

#include "hijack/hijack.h"

struct parse {
	struct hj_spec *ps_spec;
	char *ps_store;
	char *ps_msg;
	size_t ps_msgsize;
};

static int
fail(struct parse *ps, const char *what, const char *s, size_t n)
{
	char word[128];

	n = kmin(n, sizeof(word) - 1);
	memcpy(word, s, n);
	word[n] = '\0';
	kfmt(ps->ps_msg, ps->ps_msgsize, "RUMPHIJACK: %s: %s", what, word);
	return -1;
}

/* One directory: absolute, no empty, "." or ".." components. */
static int
add_prefix(struct parse *ps, const char *s, size_t n, bool strip)
{
	struct hj_spec *sp = ps->ps_spec;
	struct hj_prefix *px = &sp->sp_prefix[sp->sp_nprefix];
	size_t i, start;

	while (n > 1 && s[n - 1] == '/')
		n--;
	if (n < 2 || s[0] != '/')
		return fail(ps, "not an absolute directory", s, n);
	for (i = 1, start = 1; i <= n; i++) {
		if (i < n && s[i] != '/')
			continue;
		if (i == start ||
		    (s[start] == '.' &&
			(i - start == 1 ||
			    (i - start == 2 && s[start + 1] == '.'))))
			return fail(ps, "not a plain directory", s, n);
		start = i + 1;
	}
	if (sp->sp_nprefix == HJ_PREFIX_MAX)
		return fail(ps, "too many directories", s, n);
	memcpy(ps->ps_store, s, n);
	ps->ps_store[n] = '\0';
	px->px_path = ps->ps_store;
	px->px_len = n;
	px->px_strip = strip;
	ps->ps_store += n + 1;
	sp->sp_nprefix++;
	return 0;
}

static int
add_list(struct parse *ps, const char *s, size_t n)
{
	const char *colon;
	size_t len;

	do {
		colon = memchr(s, ':', n);
		len = colon != NULL ? (size_t)(colon - s) : n;
		if (add_prefix(ps, s, len, false) != 0)
			return -1;
		s += len + 1;
		n -= kmin(n, len + 1);
	} while (colon != NULL);
	return 0;
}

static bool
is(const char *s, size_t n, const char *word)
{

	return strlen(word) == n && memcmp(s, word, n) == 0;
}

/* A word of socket=, and the families it stands for. */
static const struct family {
	const char *fa_name;
	uint64_t fa_bits;
} families[] = {
	{ "all", ~0UL },
	{ "inet", 1UL << AF_INET },
	{ "inet6", 1UL << AF_INET6 },
	{ "local", 1UL << AF_UNIX },
	{ "unix", 1UL << AF_UNIX },
	{ "route", 1UL << AF_NETLINK },
	{ "netlink", 1UL << AF_NETLINK },
	{ "link", 1UL << AF_PACKET },
	/* Of other systems: Linux has no such families. */
	{ "oroute", 0 },
	{ "arp", 0 },
	{ "mpls", 0 },
};

/* socket=: families, each with "no" before it or not, from left to right. */
static int
add_families(struct parse *ps, const char *s, size_t n)
{
	const char *colon, *w;
	size_t len, wl, i;
	bool no;

	ps->ps_spec->sp_socket = 0;
	do {
		colon = memchr(s, ':', n);
		wl = len = colon != NULL ? (size_t)(colon - s) : n;
		w = s;
		no = wl > 2 && w[0] == 'n' && w[1] == 'o';
		if (no) {
			w += 2;
			wl -= 2;
		}
		for (i = 0; i < nelem(families); i++)
			if (is(w, wl, families[i].fa_name))
				break;
		if (i == nelem(families))
			return fail(ps, "unknown protocol family", s, len);
		if (no)
			ps->ps_spec->sp_socket &= ~families[i].fa_bits;
		else
			ps->ps_spec->sp_socket |= families[i].fa_bits;
		s += len + 1;
		n -= kmin(n, len + 1);
	} while (colon != NULL);
	return 0;
}

static int
parse_key(struct parse *ps, const char *s, size_t n)
{
	const char *eq = memchr(s, '=', n), *v;
	size_t kl = eq != NULL ? (size_t)(eq - s) : n, vl, i;
	bool strip_seen = false;
	int p;

	v = eq != NULL ? eq + 1 : s + n;
	vl = n - (v - s);
	if (is(s, kl, "path")) {
		for (p = 0; p < ps->ps_spec->sp_nprefix; p++)
			strip_seen |= ps->ps_spec->sp_prefix[p].px_strip;
		if (strip_seen)
			return fail(ps, "a second path", v, vl);
		return add_prefix(ps, v, vl, true);
	}
	if (is(s, kl, "blanket"))
		return add_list(ps, v, vl);
	if (is(s, kl, "pipe")) {
		if (!is(v, vl, "yes") && !is(v, vl, "no"))
			return fail(ps, "pipe is yes or no, not", v, vl);
		ps->ps_spec->sp_pipe = is(v, vl, "yes");
		return 0;
	}
	if (is(s, kl, "socket"))
		return add_families(ps, v, vl);
	if (is(s, kl, "fdoff")) {
		/* Descriptors have the host's numbers: there is no offset. */
		for (i = 0; i < vl; i++)
			if (v[i] < '0' || v[i] > '9')
				break;
		return vl == 0 || i < vl ?
		    fail(ps, "fdoff is a number, not", v, vl) :
		    0;
	}
	if (is(s, kl, "vfs") || is(s, kl, "sysctl"))
		return fail(ps, "not supported on this host", s, kl);
	return fail(ps, "unknown key", s, kl);
}

int
hj_spec_parse(struct hj_spec *sp, const char *text, char *msg, size_t msgsize)
{
	struct parse ps = { sp, sp->sp_store, msg, msgsize };
	size_t n = strlen(text);
	const char *comma;
	size_t len;

	sp->sp_nprefix = 0;
	sp->sp_pipe = false;
	sp->sp_socket = 0;
	if (n >= sizeof(sp->sp_text)) {
		kfmt(msg, msgsize, "RUMPHIJACK: too long");
		return -1;
	}
	memcpy(sp->sp_text, text, n + 1);
	while (n > 0) {
		comma = memchr(text, ',', n);
		len = comma != NULL ? (size_t)(comma - text) : n;
		if (parse_key(&ps, text, len) != 0)
			return -1;
		text += len;
		n -= len;
		if (n > 0) {
			text++;
			if (--n == 0)
				return fail(&ps, "nothing after a comma", "",
				    0);
		}
	}
	return 0;
}
