/* SPDX-License-Identifier: BSD-2-Clause */
/* tracebuf: putting characters, numbers and a program's memory in a line. */
#include "syscalls/tracebuf.h"

#include "rumpkern/copy.h"

#define SHOWN  32  /* bytes of data shown */
#define STRMAX 512 /* bytes of a string shown */
#define PIECE  64  /* copied at a time */

void
tb_char(struct tracebuf *tb, char ch)
{
	if (tb->tb_len + 1 < tb->tb_size)
		tb->tb_buf[tb->tb_len++] = ch;
}

void
tb_str(struct tracebuf *tb, const char *s)
{
	while (*s != '\0')
		tb_char(tb, *s++);
}

static void
number(struct tracebuf *tb, unsigned long v, unsigned int base)
{
	char tmp[24];
	int n = 0;

	do {
		tmp[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0);
	while (n > 0)
		tb_char(tb, tmp[--n]);
}

void
tb_dec(struct tracebuf *tb, long v)
{
	if (v < 0)
		tb_char(tb, '-');
	number(tb, v < 0 ? -(unsigned long)v : (unsigned long)v, 10);
}

void
tb_udec(struct tracebuf *tb, unsigned long v)
{
	number(tb, v, 10);
}

void
tb_hex(struct tracebuf *tb, unsigned long v)
{
	if (v != 0)
		tb_str(tb, "0x");
	number(tb, v, 16);
}

void
tb_octal(struct tracebuf *tb, unsigned long v)
{
	if (v != 0)
		tb_char(tb, '0');
	number(tb, v, 8);
}

void
tb_ptr(struct tracebuf *tb, unsigned long v)
{
	if (v == 0)
		tb_str(tb, "NULL");
	else
		tb_hex(tb, v);
}

static void
escaped(struct tracebuf *tb, unsigned char ch)
{
	static const char plain[] = "n\nt\tr\rf\fv\v\"\"\\\\";
	size_t i;

	for (i = 0; i < sizeof(plain) - 1; i += 2) {
		if ((unsigned char)plain[i + 1] == ch) {
			tb_char(tb, '\\');
			tb_char(tb, plain[i]);
			return;
		}
	}
	if (ch >= ' ' && ch < 0x7f) {
		tb_char(tb, (char)ch);
		return;
	}
	/* Three digits: what follows may be one. */
	tb_char(tb, '\\');
	tb_char(tb, (char)('0' + (ch >> 6)));
	tb_char(tb, (char)('0' + (ch >> 3 & 7)));
	tb_char(tb, (char)('0' + (ch & 7)));
}

void
tb_quoted(struct tracebuf *tb, const char *s, size_t len, bool more)
{
	tb_char(tb, '"');
	while (len-- > 0)
		escaped(tb, (unsigned char)*s++);
	tb_str(tb, more ? "\"..." : "\"");
}

void
tb_userstr(struct tracebuf *tb, unsigned long uaddr)
{
	unsigned long a = uaddr;
	char piece[PIECE];
	size_t i, got;

	/* Up to the end of a page at a time: the next may not be there. */
	for (;;) {
		got = kmin(sizeof(piece), KPAGE_SIZE - (a & KPAGE_MASK));
		if (copyin((const void *)a, piece, got) != 0) {
			if (a == uaddr)
				tb_ptr(tb, uaddr);
			else
				tb_str(tb, "\"...");
			return;
		}
		if (a == uaddr)
			tb_char(tb, '"');
		for (i = 0; i < got && piece[i] != '\0'; i++)
			escaped(tb, (unsigned char)piece[i]);
		if (i < got) {
			tb_char(tb, '"');
			return;
		}
		a += got;
		if (a - uaddr >= STRMAX) {
			tb_str(tb, "\"...");
			return;
		}
	}
}

void
tb_userbytes(struct tracebuf *tb, unsigned long uaddr, size_t len)
{
	size_t n = kmin(len, (size_t)SHOWN);
	char buf[SHOWN];

	if (uaddr == 0 || copyin((const void *)uaddr, buf, n) != 0)
		tb_ptr(tb, uaddr);
	else
		tb_quoted(tb, buf, n, n < len);
}
