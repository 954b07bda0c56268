/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory functions the compiler and the kernel call: our own, so that no
 * program's interposed memcpy is ever run inside the kernel.
 */
#include "rumpkern/copy.h"
#include "rumpkern/kern.h"

void *
memcpy(void *restrict to, const void *restrict from, size_t len)
{

	kcopy(to, from, len);
	return to;
}

void *
memmove(void *to, const void *from, size_t len)
{
	volatile char *t = to;
	const volatile char *f = from;

	/* memcpy() may read what it has written when they overlap. */
	if ((uintptr_t)t - (uintptr_t)f < len) {
		while (len-- > 0)
			t[len] = f[len];
	} else if ((uintptr_t)f - (uintptr_t)t < len) {
		while (len-- > 0)
			*t++ = *f++;
	} else {
		kcopy(to, from, len);
	}
	return to;
}

void *
memset(void *to, int c, size_t len)
{
	volatile char *t = to;

	if (c == 0) {
		kzero(to, len);
		return to;
	}
	while (len-- > 0)
		*t++ = c;
	return to;
}

int
memcmp(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;

	while (len >= 8) {
		uint64_t u, v;

		__builtin_memcpy(&u, x, 8);
		__builtin_memcpy(&v, y, 8);
		if (u != v)
			break;
		x += 8;
		y += 8;
		len -= 8;
	}
	for (; len > 0; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *
memchr(const void *s, int c, size_t len)
{
	const unsigned char *p = s;

	for (; len > 0; len--, p++)
		if (*p == (unsigned char)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t
strlen(const char *s)
{
	const volatile char *p = s;

	while (*p != '\0')
		p++;
	return p - s;
}

int
strcmp(const char *a, const char *b)
{

	while (*a != '\0' && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int
strncmp(const char *a, const char *b, size_t n)
{

	for (; n > 0; n--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a - (unsigned char)*b;
		if (*a == '\0')
			break;
	}
	return 0;
}
