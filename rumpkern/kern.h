/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every file of the kernel starts from: types, assertions, panic and
 * the memory functions (our own: the kernel calls no library).
 */
#ifndef RUMPKERN_KERN_H
#define RUMPKERN_KERN_H

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef RUMP_DEBUG
#define RUMP_DEBUG 0
#endif
#ifndef RUMP_CRASHTEST
#define RUMP_CRASHTEST 0
#endif

#define KPAGE_SHIFT 12
#define KPAGE_SIZE  (1UL << KPAGE_SHIFT)
#define KPAGE_MASK  (KPAGE_SIZE - 1)

/* Errors that never reach a program: the caller deals with them. */
#define KERESTART 512 /* interrupted; may be restarted */
#define KEHOST    513 /* the path leads to the host: c_hostpath */

#define likely(x)      __builtin_expect(!!(x), 1)
#define unlikely(x)    __builtin_expect(!!(x), 0)
#define nelem(a)       (sizeof(a) / sizeof((a)[0]))
#define roundup2(x, a) (((x) + ((a)-1)) & ~((__typeof__(x))(a)-1))
#define container_of(p, type, field) \
	((type *)(void *)((char *)(p)-offsetof(type, field)))
#define kmin(a, b)                      \
	({                              \
		__typeof__(a) a_ = (a); \
		__typeof__(b) b_ = (b); \
		a_ < b_ ? a_ : b_;      \
	})
#define kmax(a, b)                      \
	({                              \
		__typeof__(a) a_ = (a); \
		__typeof__(b) b_ = (b); \
		a_ > b_ ? a_ : b_;      \
	})

/* One turn of a spin. */
static inline void
kpause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

/* Read a word that others may change meanwhile, under a lock we do not have. */
#define KREAD(lv) __atomic_load_n(&(lv), __ATOMIC_ACQUIRE)

/* Keeps the compiler, not the processor, from moving memory accesses. */
#define kbarrier() __asm__ volatile("" ::: "memory")

_Noreturn void kpanic(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/*
 * Format into a buffer: %s %d %u %x %X %o %lx %ld %lu %p %c, with a width, of
 * numbers 0 before it, of strings -; returns the length.
 */
size_t kfmt(char *buf, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
size_t kvfmt(char *buf, size_t size, const char *fmt, va_list *ap);
/* One line on stderr. */
void kprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#if RUMP_DEBUG
#define KASSERT(e)        \
	(likely(e) ?      \
		(void)0 : \
		kpanic("assertion failed: %s, %s:%d", #e, __FILE__, __LINE__))
#else
#define KASSERT(e) ((void)sizeof(!(e)))
#endif

void *memcpy(void *restrict, const void *restrict, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
void *memchr(const void *, int, size_t);
size_t strlen(const char *);
int strcmp(const char *, const char *);
int strncmp(const char *, const char *, size_t);

#endif
