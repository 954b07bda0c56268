/* SPDX-License-Identifier: BSD-2-Clause */
/* The stubs that rewritten system call sites jump to. */

#ifndef HIJACK_STUB_H
#define HIJACK_STUB_H

/*
 * The stubs are an array of equal slots in our own text, assembled whole
 * (entry.S); making one writes the four fields below.  That they lie in a
 * module's text and not in memory of our own is for the unwinder: it finds
 * their call frame information there, and a thread cancelled in a system
 * call unwinds through the stub to libc's caller as it would without us.
 */
#define HJ_STUB_MAX     1024 /* slots */
#define HJ_STUB_SIZE    128  /* bytes a slot; the CFI counts on it */
#define HJ_STUB_NR      0    /* 5: mov $nr,%eax, or a no-op */
#define HJ_STUB_TAIL    31   /* 6: the compare moved here, or a no-op */
#define HJ_STUB_SLOW    53   /* where hj_entry returns to */
#define HJ_STUB_POST    60   /* first of the syscalls with a post call */
#define HJ_STUB_POSTLEN 9    /* bytes each */
#define HJ_STUB_POSTNR  99   /* 4: number given to hj_post, the rest */
#define HJ_STUB_RESUME  120  /* 8: where the program goes on */

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

/* Fill slot i for the site; the slots must be open for writing. */
int hj_stub_make(const struct hj_poke *pk, unsigned int i,
    const unsigned char *site, enum hj_sitekind kind);

/* Bytes of a kind of site that are replaced, and where they start. */
int hj_site_len(enum hj_sitekind kind);

/*
 * Where sites of the text [text, text+len) must jump for slots first to
 * first+n-1: the slots themselves, or, if those are out of a jump's reach,
 * hops to them that this makes near the text.  Each is *stride bytes long.
 * NULL if there is no room.
 */
unsigned char *hj_stub_targets(const unsigned char *text, size_t len,
    unsigned int first, unsigned int n, size_t *stride);

extern unsigned char hj_stubs[HJ_STUB_MAX][HJ_STUB_SIZE]
    __attribute__((visibility("hidden")));

#endif /* __ASSEMBLER__ */
#endif /* HIJACK_STUB_H */
