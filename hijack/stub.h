/* SPDX-License-Identifier: BSD-2-Clause */
/* The stubs that rewritten system call sites jump to. */

#ifndef HIJACK_STUB_H
#define HIJACK_STUB_H

/*
 * The stubs are an array of equal slots in our own text, assembled whole
 * (entry.S) and never written: what a slot's site was is in hj_site[].  That
 * they lie in a module's text and not in memory of our own is for the
 * unwinder: it finds their call frame information there, and a thread
 * cancelled in a system call unwinds through the stub to libc's caller as it
 * would without us.  Each kind of site has slots of its own.
 */
#define HJ_STUB_MAX     1024 /* slots */
#define HJ_STUB_CMP320  0    /* the first of each kind */
#define HJ_STUB_CMP640  32
#define HJ_STUB_MOV0    224
#define HJ_STUB_SIZE    128 /* bytes a slot; the CFI counts on it */
#define HJ_STUB_SLOW    55  /* where hj_entry returns to */
#define HJ_STUB_POST    64  /* first of the syscalls with a post call */
#define HJ_STUB_POSTLEN 9   /* bytes each */
#define HJ_STUB_SITE    120 /* 8: how far it is to the slot's hj_site */

#define HJ_NROUTE 512 /* entries of hj_route */

/* Offsets in struct hj_frame. */
#define HF_NR   0
#define HF_ARGS 8
#define HF_RET  56
#define HF_IP   64
#define HF_SP   72
#define HF_SIZE 80

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* Writes into text: in place, or through a descriptor of /proc/self/mem. */
struct hj_poke {
	unsigned char *pk_start; /* pages made writable, if any */
	size_t pk_len;
	long pk_fd; /* -1: write in place */
};

/* What a site looks like; the value is part of the site cache's format. */
enum hj_sitekind {
	HJ_SITE_MOV = 1,   /* mov $nr,%eax; syscall */
	HJ_SITE_CMP64 = 2, /* syscall; cmp $-409x,%rax */
	HJ_SITE_CMP32 = 3, /* syscall; cmp $-4096,%eax */
};

/* Open [p, p+len) of text for writing; and make it executable again. */
int hj_poke_begin(struct hj_poke *pk, unsigned char *p, size_t len,
    size_t pagesz);
int hj_poke_write(const struct hj_poke *pk, unsigned char *dst, const void *src,
    size_t len);
int hj_poke_end(struct hj_poke *pk);

/* Bytes of a kind of site that are replaced, and where they start. */
int hj_site_len(enum hj_sitekind kind);

/* What the slots know of their sites; kept in this order for entry.S. */
struct hj_stubsite {
	unsigned char *ss_resume; /* where the program goes on */
	long ss_value;            /* the number, or what is compared with */
};
extern struct hj_stubsite hj_site[HJ_STUB_MAX]
    __attribute__((visibility("hidden")));

/*
 * A slot for a site of a kind: where the program goes on behind it, and the
 * number or what is compared with.  Its index, or -ENOSPC.
 */
int hj_stub_take(enum hj_sitekind kind, unsigned char *resume, int32_t value);

/*
 * *hops: NULL if the stubs are within a jump's reach of the text [text,
 * text+len); if not, hops to slot[0] to slot[n-1], made near the text, each of
 * HJ_HOP_SIZE bytes: jmp *0(%rip), address.  0 or -errno.
 */
#define HJ_HOP_SIZE 16
int hj_stub_hops(const unsigned char *text, size_t len, const uint16_t *slot,
    unsigned int n, unsigned char **hops);

extern unsigned char hj_stubs[HJ_STUB_MAX][HJ_STUB_SIZE]
    __attribute__((visibility("hidden")));

#endif /* __ASSEMBLER__ */
#endif /* HIJACK_STUB_H */
