/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libs: see libs.h.
 */
#include <asm/unistd.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>

#include "hijack/hijack.h"
#include "hijack/libs.h"

#define PHDRS 16 /* as many as are looked at */
#define DYNS  64
#define NAME  512

#pragma GCC visibility push(default)
unsigned int la_version(unsigned int);
void la_activity(uintptr_t *, unsigned int);
#pragma GCC visibility pop

/* A program's headers. */
struct elf {
	int e_fd;
	int e_nph;
	Elf64_Phdr e_ph[PHDRS];
	uint64_t e_strtab; /* where in the file */
};

static bool
is_one_of(char c, const char *set)
{

	for (; *set != '\0'; set++)
		if (c == *set)
			return true;
	return false;
}

static bool
in_rump(const char *path)
{
	char *buf = curcpu()->c_hjpath[0];
	int dirfd = AT_FDCWD, error;
	bool changed;

	return hj_path_where(&dirfd, path, buf, &changed, &error) == HJ_AT_RUMP;
}

bool
hj_libs_list(const char *list, const char *separators, bool dirs)
{
	char *name = curcpu()->c_hjpath[1], *p;
	const char *s = list, *e;
	bool path;

	if (*list == '\0')
		return false;
	for (;; s = e + 1) {
		path = dirs;
		for (e = s, p = name; *e != '\0' && !is_one_of(*e, separators);
		     e++) {
			path |= *e == '/';
			if (p < name + KPATH_MAX - 1)
				*p++ = *e;
		}
		*p = '\0';
		/* Nothing between two colons is the current directory. */
		if (path && in_rump(*name != '\0' ? name : "."))
			return true;
		if (*e == '\0')
			return false;
	}
}

static long
get(const struct elf *el, void *buf, size_t size, uint64_t off)
{

	return hj_host(__NR_pread64, el->e_fd, buf, size, off);
}

static const Elf64_Phdr *
find_phdr(const struct elf *el, uint32_t type)
{
	int i;

	for (i = 0; i < el->e_nph; i++)
		if (el->e_ph[i].p_type == type)
			return &el->e_ph[i];
	return NULL;
}

/* false: not a program that ld.so loads libraries for. */
static bool
read_headers(struct elf *el)
{
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph[PHDRS];
	} head;
	const Elf64_Ehdr *eh = &head.eh;
	size_t n;

	if (get(el, &head, sizeof(head), 0) < (long)sizeof(head.eh) ||
	    memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_phentsize != sizeof(Elf64_Phdr))
		return false;
	n = kmin(eh->e_phnum, PHDRS) * sizeof(Elf64_Phdr);
	if (eh->e_phoff == sizeof(head.eh))
		memcpy(el->e_ph, head.ph, n);
	else if (get(el, el->e_ph, n, eh->e_phoff) != (long)n)
		return false;
	el->e_nph = n / sizeof(Elf64_Phdr);
	return find_phdr(el, PT_INTERP) != NULL;
}

/* Where in the file is what will be at this address? */
static uint64_t
file_offset(const struct elf *el, uint64_t addr)
{
	const Elf64_Phdr *ph;

	for (ph = el->e_ph; ph < el->e_ph + el->e_nph; ph++)
		if (ph->p_type == PT_LOAD && addr >= ph->p_vaddr &&
		    addr - ph->p_vaddr < ph->p_filesz)
			return addr - ph->p_vaddr + ph->p_offset;
	return 0;
}

/* May a string of the dynamic section name something in the rump kernel? */
static bool
string_matters(const struct elf *el, const Elf64_Dyn *dyn, bool rump)
{
	char name[NAME];
	const char *s;
	long n;

	n = get(el, name, sizeof(name) - 1, el->e_strtab + dyn->d_un.d_val);
	if (n <= 0)
		return false;
	name[n] = '\0';
	if (dyn->d_tag == DT_NEEDED) /* libasan must be the first library */
		return strncmp(name, "libasan.so", 10) == 0 ||
		    hj_libs_list(name, "", false);
	if (strlen(name) == sizeof(name) - 1)
		return true;
	for (s = name; rump && *s != '\0'; s++)
		if (strncmp(s, "$ORIGIN", 7) == 0 ||
		    strncmp(s, "${ORIGIN}", 9) == 0)
			return true;
	return hj_libs_list(name, ":", true);
}

static bool
program_matters(int fd, bool rump)
{
	struct elf el = { .e_fd = fd };
	Elf64_Dyn dyn[DYNS], *d, *end;
	const Elf64_Phdr *ph;
	long n;

	if (!read_headers(&el) || (ph = find_phdr(&el, PT_DYNAMIC)) == NULL)
		return false;
	n = get(&el, dyn, kmin(sizeof(dyn), ph->p_filesz), ph->p_offset);
	end = dyn + (n > 0 ? n / sizeof(*d) : 0);
	for (d = dyn; d < end; d++)
		if (d->d_tag == DT_STRTAB)
			el.e_strtab = file_offset(&el, d->d_un.d_ptr);
	if (el.e_strtab == 0)
		return false;
	for (d = dyn; d < end && d->d_tag != DT_NULL; d++)
		if ((d->d_tag == DT_NEEDED || d->d_tag == DT_RPATH ||
			d->d_tag == DT_RUNPATH) &&
		    string_matters(&el, d, rump))
			return true;
	return false;
}

/* A sanitizer's build brings libraries, which would bring another libc. */
bool
hj_libs_alone(void)
{
	const Elf64_Dyn *d;

	for (d = _DYNAMIC; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_NEEDED)
			return false;
	return true;
}

bool
hj_libs_program(const struct image *im)
{
	bool matters, open;
	long fd = im->im_memfd >= 0 ? im->im_memfd : im->im_dirfd;

	if (im->im_loadfd >= 0)
		return im->im_early || program_matters(im->im_loadfd, true);
	if (im->im_early)
		return true;
	open = im->im_memfd < 0 && im->im_path[0] != '\0';
	if (open)
		fd = hj_host(__NR_openat, im->im_dirfd, im->im_path,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	matters = program_matters(fd, im->im_memfd >= 0);
	if (open)
		hj_host(__NR_close, fd);
	return matters;
}

/* ld.so asks which version of its audit interface we speak: its own. */
unsigned int
la_version(unsigned int version)
{

	return version;
}

/* The program and its libraries are in memory: libc, too. */
void
la_activity(uintptr_t *cookie, unsigned int flag)
{

	(void)cookie;
	if (flag == LA_ACT_CONSISTENT)
		hj_start_late();
}
