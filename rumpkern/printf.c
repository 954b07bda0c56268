/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatting, messages on stderr, and panic.
 */
#include <stdarg.h>

#include "rumpkern/arena.h"
#include "rumpkern/kern.h"
#include "rumpuser/rumpuser.h"

#define BASE_FLAG  0x100U
#define BASE_UPPER (16 | BASE_FLAG) /* with capital letters */

struct out {
	char *o_buf;
	size_t o_size;
	size_t o_len; /* what it would take */
};

static void
put(struct out *o, char c)
{

	if (o->o_len + 1 < o->o_size)
		o->o_buf[o->o_len] = c;
	o->o_len++;
}

static void
put_str(struct out *o, const char *s, int width, bool left)
{
	int n;

	if (s == NULL)
		s = "(null)";
	n = width - (int)strlen(s);
	while (!left && n-- > 0)
		put(o, ' ');
	while (*s != '\0')
		put(o, *s++);
	while (left && n-- > 0)
		put(o, ' ');
}

static void
put_num(struct out *o, unsigned long v, unsigned base, bool neg, int width,
    char pad)
{
	const char *digits = base == BASE_UPPER ? "0123456789ABCDEF" :
						  "0123456789abcdef";
	char tmp[24];
	int n = 0;

	base &= ~BASE_FLAG;
	do {
		tmp[n++] = digits[v % base];
		v /= base;
	} while (v != 0);
	if (neg)
		tmp[n++] = '-';
	while (width-- > n)
		put(o, pad);
	while (n > 0)
		put(o, tmp[--n]);
}

static unsigned long
get_arg(va_list *ap, int longs, bool sign)
{

	if (longs > 0)
		return va_arg(*ap, unsigned long);
	if (sign)
		return (long)va_arg(*ap, int);
	return va_arg(*ap, unsigned int);
}

size_t
kvfmt(char *buf, size_t size, const char *fmt, va_list *ap)
{
	struct out o = { buf, size, 0 };
	unsigned long v;
	int longs, width;
	bool left;
	char pad;

	for (; *fmt != '\0'; fmt++) {
		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		pad = ' ';
		width = longs = 0;
		left = *++fmt == '-';
		if (left)
			fmt++;
		if (*fmt == '0')
			pad = *fmt++;
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + (*fmt++ - '0');
		while (*fmt == 'l' || *fmt == 'z') {
			longs++;
			fmt++;
		}
		switch (*fmt) {
		case 's':
			put_str(&o, va_arg(*ap, const char *), width, left);
			break;
		case 'c':
			put(&o, va_arg(*ap, int));
			break;
		case 'd':
			v = get_arg(ap, longs, true);
			put_num(&o, (long)v < 0 ? -v : v, 10, (long)v < 0,
			    width, pad);
			break;
		case 'u':
			put_num(&o, get_arg(ap, longs, false), 10, false, width,
			    pad);
			break;
		case 'o':
			put_num(&o, get_arg(ap, longs, false), 8, false, width,
			    pad);
			break;
		case 'x':
			put_num(&o, get_arg(ap, longs, false), 16, false, width,
			    pad);
			break;
		case 'X':
			put_num(&o, get_arg(ap, longs, false), BASE_UPPER,
			    false, width, pad);
			break;
		case 'p':
			put_str(&o, "0x", 0, false);
			put_num(&o, (uintptr_t)va_arg(*ap, void *), 16, false,
			    0, ' ');
			break;
		case '\0':
			fmt--;
			break;
		default:
			put(&o, *fmt);
			break;
		}
	}
	if (size > 0)
		buf[kmin(o.o_len, size - 1)] = '\0';
	return kmin(o.o_len, size > 0 ? size - 1 : 0);
}

size_t
kfmt(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = kvfmt(buf, size, fmt, &ap);
	va_end(ap);
	return n;
}

void
kprintf(const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = kvfmt(buf, sizeof(buf), fmt, &ap);
	va_end(ap);
	rumpuser_message(buf, n);
}

_Noreturn void
kpanic(const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	size_t n;

	n = kfmt(buf, sizeof(buf), "panic: ");
	va_start(ap, fmt);
	n += kvfmt(buf + n, sizeof(buf) - n - 1, fmt, &ap);
	va_end(ap);
	buf[n++] = '\n';
	rumpuser_message(buf, n);
	rumpuser_abort();
}
