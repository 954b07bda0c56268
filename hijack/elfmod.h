/* SPDX-License-Identifier: BSD-2-Clause */
/* The ELF modules a rewrite is about: where libc.so.6 and ld.so lie. */

#ifndef HIJACK_ELFMOD_H
#define HIJACK_ELFMOD_H

#include <stddef.h>
#include <stdint.h>

#define HJ_BUILDID_MAX 32

/* What the kernel told the process at exec (the auxiliary vector). */
struct hj_auxinfo {
	unsigned long ai_base;   /* AT_BASE, 0 if ld.so was run itself */
	unsigned long ai_phdr;   /* AT_PHDR */
	unsigned long ai_phnum;  /* AT_PHNUM */
	unsigned long ai_phent;  /* AT_PHENT */
	unsigned long ai_pagesz; /* AT_PAGESZ */
	unsigned long ai_secure; /* AT_SECURE */
};

struct link_map;

enum hj_modkind {
	HJ_MOD_LIBC,
	HJ_MOD_LDSO,
	HJ_NMOD
};
#define HJ_BIT(kind) (1u << (kind))
#define HJ_MOD_BOTH  (HJ_BIT(HJ_NMOD) - 1)

/* One module as it lies in memory. */
struct hj_elfmod {
	unsigned char *m_base; /* its ELF header */
	unsigned char *m_text; /* its executable segment */
	size_t m_textlen;
	uint32_t m_idlen; /* 0: it has no build id */
	unsigned char m_id[HJ_BUILDID_MAX];
};

/* Read the auxiliary vector, which follows envp on the initial stack. */
void hj_auxinfo_init(struct hj_auxinfo *ai, char **envp);

/* All that is in memory; NULL: it cannot be told. */
const struct link_map *hj_elfmod_list(const struct hj_auxinfo *ai);

/*
 * Fill mod[HJ_MOD_LIBC], mod[HJ_MOD_LDSO] or both.  They are known by their
 * sonames, so it does not matter which path they were loaded from.
 * 0 or -errno with the reason in *err.
 */
int hj_elfmod_find(const struct hj_auxinfo *ai, unsigned int which,
    struct hj_elfmod mod[HJ_NMOD], const char **err);

#endif /* HIJACK_ELFMOD_H */
