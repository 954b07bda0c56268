/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding libc.so.6 and ld.so in our own address space without libc.
 *
 * Two ways, in this order:
 *  - the debugger's: AT_PHDR -> PT_DYNAMIC -> DT_DEBUG -> the link map;
 *  - /proc/self/maps, for a program without DT_DEBUG, and for an ld.so run
 *    by hand that left its own program headers in the auxiliary vector.
 * A module is believed when its DT_SONAME says so.
 */

#include "hijack/elfmod.h"

#include <asm/unistd.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>

#include "rumpuser/rumpuser.h"

#define MAPS_LINE 512 /* of a line of maps, what we look at */

static int
str_prefix(const char *s, const char *prefix)
{

	while (*prefix != '\0')
		if (*s++ != *prefix++)
			return 0;
	return 1;
}

void
hj_auxinfo_init(struct hj_auxinfo *ai, char **envp)
{
	const ElfW(auxv_t) * av;

	*ai = (struct hj_auxinfo){ .ai_pagesz = 4096 };
	while (*envp != NULL)
		envp++;
	for (av = (const void *)(envp + 1); av->a_type != AT_NULL; av++) {
		unsigned long v = av->a_un.a_val;

		switch (av->a_type) {
		case AT_BASE:
			ai->ai_base = v;
			break;
		case AT_PHDR:
			ai->ai_phdr = v;
			break;
		case AT_PHNUM:
			ai->ai_phnum = v;
			break;
		case AT_PHENT:
			ai->ai_phent = v;
			break;
		case AT_PAGESZ:
			ai->ai_pagesz = v;
			break;
		case AT_SECURE:
			ai->ai_secure = v;
			break;
		default:
			break;
		}
	}
}

/* Which of our modules has this dynamic section?  HJ_NMOD: neither. */
static enum hj_modkind
soname_kind(const ElfW(Dyn) * dyn, unsigned long base)
{
	unsigned long strtab = 0, name = 0;
	const char *s;

	for (; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_STRTAB)
			strtab = dyn->d_un.d_ptr;
		else if (dyn->d_tag == DT_SONAME)
			name = dyn->d_un.d_val;
	}
	if (strtab == 0 || name == 0)
		return HJ_NMOD;
	if (strtab < base) /* ld.so has not relocated it */
		strtab += base;
	s = (const char *)strtab + name;
	if (str_prefix(s, "libc.so.6"))
		return HJ_MOD_LIBC;
	if (str_prefix(s, "ld-linux"))
		return HJ_MOD_LDSO;
	return HJ_NMOD;
}

static void
read_buildid(struct hj_elfmod *m, const unsigned char *p, size_t len)
{
	const ElfW(Nhdr) * n;
	size_t desc, size, i;

	while (len >= sizeof(*n)) {
		n = (const void *)p;
		desc = sizeof(*n) + ((n->n_namesz + 3) & ~3ul);
		size = desc + ((n->n_descsz + 3) & ~3ul);
		if (size > len)
			return;
		if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 &&
		    str_prefix((const char *)(n + 1), "GNU") &&
		    n->n_descsz <= HJ_BUILDID_MAX) {
			m->m_idlen = n->n_descsz;
			for (i = 0; i < n->n_descsz; i++)
				m->m_id[i] = p[desc + i];
			return;
		}
		p += size;
		len -= size;
	}
}

/* Fill *m from the program headers at base.  Returns 0 if they make sense. */
static int
elfmod_fill(struct hj_elfmod *m, unsigned long base)
{
	const ElfW(Ehdr) *eh = (const void *)base;
	const ElfW(Phdr) * ph;
	int i;

	if (base == 0 || !str_prefix((const char *)eh->e_ident, ELFMAG) ||
	    eh->e_phentsize != sizeof(*ph))
		return -ENOEXEC;
	*m = (struct hj_elfmod){ .m_base = (unsigned char *)base };
	ph = (const void *)(base + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++, ph++) {
		if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X) != 0) {
			if (m->m_text != NULL)
				return -ENOEXEC;
			m->m_text = m->m_base + ph->p_vaddr;
			m->m_textlen = ph->p_filesz;
		} else if (ph->p_type == PT_NOTE && m->m_idlen == 0)
			read_buildid(m, m->m_base + ph->p_vaddr, ph->p_filesz);
	}
	return m->m_text != NULL ? 0 : -ENOEXEC;
}

static const ElfW(Dyn) * elf_dynamic(unsigned long base)
{
	const ElfW(Ehdr) *eh = (const void *)base;
	const ElfW(Phdr) *ph = (const void *)(base + eh->e_phoff);
	int i;

	for (i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			return (const void *)(base + ph[i].p_vaddr);
	return NULL;
}

/* The link map, through the program's DT_DEBUG. */
const struct link_map *
hj_elfmod_list(const struct hj_auxinfo *ai)
{
	const ElfW(Phdr) *ph = (const void *)ai->ai_phdr;
	const ElfW(Dyn) *dyn = NULL;
	const ElfW(Phdr) *self = NULL;
	unsigned long i;

	if (ph == NULL || ai->ai_phent != sizeof(*ph))
		return NULL;
	for (i = 0; i < ai->ai_phnum; i++)
		if (ph[i].p_type == PT_PHDR)
			self = &ph[i];
	if (self == NULL) /* the load bias cannot be told */
		return NULL;
	for (i = 0; i < ai->ai_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const void *)(ai->ai_phdr - self->p_vaddr +
			    ph[i].p_vaddr);
	for (; dyn != NULL && dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_DEBUG && dyn->d_un.d_ptr != 0)
			return ((const struct r_debug *)dyn->d_un.d_ptr)->r_map;
	return NULL;
}

static int
find_by_link_map(const struct hj_auxinfo *ai, struct hj_elfmod mod[HJ_NMOD])
{
	const struct link_map *lm;
	enum hj_modkind kind;
	int found = 0;

	for (lm = hj_elfmod_list(ai); lm != NULL && found < HJ_NMOD;
	     lm = lm->l_next) {
		if (lm->l_ld == NULL)
			continue;
		kind = soname_kind(lm->l_ld, lm->l_addr);
		if (kind != HJ_NMOD && mod[kind].m_base == NULL &&
		    elfmod_fill(&mod[kind], lm->l_addr) == 0)
			found++;
	}
	return found;
}

static unsigned long
parse_hex(const char **sp)
{
	const char *s = *sp;
	unsigned long v = 0;
	int d;

	for (;; s++) {
		if (*s >= '0' && *s <= '9')
			d = *s - '0';
		else if (*s >= 'a' && *s <= 'f')
			d = *s - 'a' + 10;
		else
			break;
		v = v * 16 + (unsigned long)d;
	}
	*sp = s;
	return v;
}

/* One line of maps: "start-end perms offset dev inode path". */
static int
maps_line(const char *s, struct hj_elfmod mod[HJ_NMOD])
{
	const ElfW(Dyn) * dyn;
	const char *base, *p;
	unsigned long start;
	enum hj_modkind kind;

	start = parse_hex(&s);
	if (*s++ != '-')
		return 0;
	parse_hex(&s);
	if (s[0] != ' ' || s[1] != 'r' || s[4] != 'p' || s[5] != ' ')
		return 0;
	s += 6;
	if (parse_hex(&s) != 0) /* not where the ELF header is */
		return 0;
	for (base = NULL, p = s; *p != '\0'; p++)
		if (*p == '/')
			base = p + 1;
	/* Touch no mapping that cannot be one of ours. */
	if (base == NULL ||
	    !(str_prefix(base, "libc") || str_prefix(base, "ld")) ||
	    !str_prefix((const char *)start, ELFMAG))
		return 0;
	dyn = elf_dynamic(start);
	kind = dyn != NULL ? soname_kind(dyn, start) : HJ_NMOD;
	return kind != HJ_NMOD && mod[kind].m_base == NULL &&
	    elfmod_fill(&mod[kind], start) == 0;
}

static int
find_by_maps(struct hj_elfmod mod[HJ_NMOD])
{
	char buf[1024], line[MAPS_LINE];
	size_t fill = 0;
	long fd, n, i;
	int found = 0;

	fd = rumpuser_syscall(__NR_openat, AT_FDCWD, (long)"/proc/self/maps",
	    O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd < 0)
		return 0;
	while ((n = rumpuser_syscall(__NR_read, fd, (long)buf, sizeof(buf), 0,
		    0, 0)) > 0) {
		for (i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				if (fill < sizeof(line) - 1)
					line[fill++] = buf[i];
				continue;
			}
			line[fill] = '\0';
			fill = 0;
			found += maps_line(line, mod);
		}
	}
	rumpuser_syscall(__NR_close, fd, 0, 0, 0, 0, 0);
	return found;
}

/* One of those asked for has not been found. */
static int
is_missing(const struct hj_elfmod mod[HJ_NMOD], unsigned int which,
    enum hj_modkind kind)
{

	return (which & HJ_BIT(kind)) != 0 && mod[kind].m_base == NULL;
}

int
hj_elfmod_find(const struct hj_auxinfo *ai, unsigned int which,
    struct hj_elfmod mod[HJ_NMOD], const char **err)
{

	mod[HJ_MOD_LIBC].m_base = mod[HJ_MOD_LDSO].m_base = NULL;
	if (which == HJ_BIT(HJ_MOD_LDSO) &&
	    elfmod_fill(&mod[HJ_MOD_LDSO], ai->ai_base) == 0)
		return 0;
	if (find_by_link_map(ai, mod) == HJ_NMOD)
		return 0;
	if (mod[HJ_MOD_LDSO].m_base == NULL)
		elfmod_fill(&mod[HJ_MOD_LDSO], ai->ai_base);
	if (is_missing(mod, which, HJ_MOD_LIBC) ||
	    is_missing(mod, which, HJ_MOD_LDSO))
		find_by_maps(mod);
	if (is_missing(mod, which, HJ_MOD_LIBC)) {
		*err = "no libc.so.6 in this process (only glibc is supported)";
		return -ENOENT;
	}
	if (is_missing(mod, which, HJ_MOD_LDSO)) {
		*err = "cannot find ld.so in this process";
		return -ENOENT;
	}
	return 0;
}
