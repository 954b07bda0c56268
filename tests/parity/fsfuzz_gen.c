/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses the arguments of fsfuzz's calls at random, and prints them. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fsfuzz.h"
#include "fsfuzz_ops.h"

#define ROW(name, weight, spec) { #name, weight, spec, op_##name },
const struct opdef ops[] = { FSFUZZ_OPS(ROW) };
#undef ROW
const int nops = sizeof(ops) / sizeof(ops[0]);

static uint32_t
gen_fd(void)
{
	return rnd(40) == 0 ? NSLOT + rnd(4) :
	    rnd(5) == 0     ? rnd(NSLOT) :
			      2 + rnd(NSLOT - 2);
}

/*
 * A few names, so that calls meet each other's work.  Directories prefer
 * "a" and "b", or most deep paths would lead nowhere.
 */
static char
gen_name(bool dir)
{
	return (char)('a' + (dir && rnd(4) != 0 ? rnd(2) : rnd(5)));
}

static void
gen_rel(char *rel, bool dir)
{
	static const char *const odd[] = { "/.", "/..", "//", "/./", "/",
		"/../" };
	int depth = rnd(5) < 3 ? 1 : rnd(4) == 0 ? 3 : 2;

	rel[0] = '\0';
	if (rnd(40) == 0) {
		strcpy(rel, rnd(2) == 0 ? "." : "./");
		return;
	}
	while (depth-- > 0) {
		size_t len = strlen(rel);

		rel[len] = gen_name(dir || depth > 0);
		rel[len + 1] = '\0';
		if (rnd(25) == 0)
			strcat(rel, odd[rnd(6)]);
		if (depth > 0 && rel[strlen(rel) - 1] != '/')
			strcat(rel, "/");
	}
}

static void
gen_path(struct path *p, bool dir)
{
	static const unsigned char odds[] = { ODD_NULL, ODD_EIGHT, ODD_UNMAPPED,
		ODD_PROTNONE, ODD_EMPTY, ODD_EMPTY, ODD_EMPTY, ODD_NAME255,
		ODD_NAME256, ODD_PATH4095, ODD_PATH4096, ODD_UNTERMINATED };

	memset(p, 0, sizeof(*p));
	p->how = (unsigned char)(rnd(2) == 0 ? HOW_ABS : rnd(HOW_N));
	p->dir = (unsigned char)(rnd(4) == 0 ? gen_fd() : rnd(2));
	p->odd = rnd(40) == 0 ? odds[rnd(sizeof(odds))] : ODD_NOT;
	gen_rel(p->rel, dir);
}

static uint32_t
gen_oflags(void)
{
	uint32_t flags = rnd(10) == 0 ? rnd(4) : rnd(2) == 0 ? 2 : rnd(3);

	if (rnd(2) == 0)
		flags |= 1 << 2; /* O_CREAT */
	/* Usually none or one of the others, sometimes many. */
	for (int n = rnd(2) == 0 ? 0 : rnd(6) == 0 ? 4 : 1; n > 0; n--)
		flags |= 1U << (3 + rnd(15));
	return flags;
}

/* Any row of the tables in fsfuzz_arg.c, or a plain number after them. */
static uint32_t
gen_size(uint32_t rows, uint32_t odd_rows, uint32_t plain)
{
	if (rnd(30) == 0)
		return rows - odd_rows + rnd(odd_rows);
	return rnd(2) == 0 ? rnd(rows - odd_rows) : rows + rnd(plain);
}

static uint32_t
gen_buf(uint32_t bad)
{
	return rnd(30) == 0 ? 1 + rnd(bad) : (1 + rnd(0xffffff)) << 8;
}

uint32_t
gen_arg(char kind)
{
	switch (kind) {
	case 'f':
		return gen_fd();
	case 's':
		return rnd(6) == 0 ? rnd(NSLOT) : 2 + rnd(NSLOT - 2);
	case 'O':
		return gen_oflags();
	case 'm':
		return rnd(3) == 0 ? rnd(19) : rnd(5);
	case 'o':
		return gen_size(22, 8, 70000);
	case 'v':
		return rnd(2) == 0 ? rnd(3) : rnd(1000);
	case 'n':
		return gen_size(21, 3, rnd(10) == 0 ? 90000 : 9000);
	case 'b':
		return gen_buf(5);
	case 'B':
		return gen_buf(6);
	case 'w':
		return rnd(10) == 0 ? rnd(7) : rnd(5);
	case 'A':
		return rnd(2) == 0 ? 0 : rnd(12);
	case 'u':
		return rnd(7);
	case 't':
		return rnd(16);
	case 'x':
		return rnd(3) == 0 ? rnd(12) : rnd(5);
	case 'S':
		return rnd(8);
	case 'F':
		return rnd(3) == 0 ? rnd(10) : rnd(6);
	case 'R':
		return rnd(3) == 0 ? rnd(8) : 0;
	default:
		return rnd(16);
	}
}

/* Slots 0 and 1 usually hold directories, for the *at calls. */
static void
gen_dirfd(struct op *o)
{
	gen_path(&o->path[0], true);
	o->path[0].how = (unsigned char)(rnd(3) == 0 ? HOW_CWD : HOW_ABS);
	if (rnd(4) == 0)
		strcpy(o->path[0].rel, ".");
	o->arg[0] = 1U << 7 | (rnd(8) == 0 ? 1U << 10 : 0);
	o->arg[2] = rnd(2);
}

/* Paths, who calls, and whether the times are watched. */
void
gen_rest(struct op *o)
{
	const char *name = ops[o->nr].name;
	bool dir;

	o->as = (unsigned char)(rnd(8) == 0 ? 1 + rnd(2) : 0);
	o->timed = (unsigned char)(rnd(14) == 0 ? 1 + rnd(2) : 0);
	dir = listed("mkdir,rmdir,chdir,list,seekdir,drain,grow,opendir", name);
	for (int i = 0; i < o->npath; i++)
		gen_path(&o->path[i], dir);
	if (strcmp(name, "open") == 0 && rnd(8) == 0)
		gen_dirfd(o);
}

/* A few directories. */
long
gen_first(struct op *list, long n)
{
	static const char *const dirs[] = { "a", "b", "a/a", "a/b", "b/a" };
	long i;

	for (i = 0; i < n && i < 5; i++) {
		list[i].nr = (unsigned char)op_number("mkdir");
		list[i].npath = 1;
		list[i].arg[0] = 3;
		strcpy(list[i].path[0].rel, dirs[i]);
	}
	return i;
}

/* The ways to make a call plainer: as root, unwatched, absolute paths. */
bool
op_simpler(struct op *o, int way)
{
	if (way == 0)
		o->as = 0;
	else if (way == 1)
		o->timed = 0;
	else if (way - 2 < o->npath)
		o->path[way - 2].how = HOW_ABS;
	else
		return false;
	return true;
}

static void
print_path(FILE *f, const struct path *p)
{
	static const char *const odds[ODD_N] = { "", "NULL", "(char *)8",
		"UNMAPPED", "PROT_NONE", "\"\"", "NAME255", "NAME256",
		"PATH4095", "PATH4096", "UNTERMINATED" };
	const char *before = p->how == HOW_ABS || p->how == HOW_ATABS ? "@/" :
									"";

	if (p->how == HOW_AT || p->how == HOW_ATABS)
		fprintf(f, "at(fd%u) ", p->dir);
	if (p->odd == ODD_NOT)
		fprintf(f, "\"%s%s\"", before, p->rel);
	else if (p->odd >= ODD_NAME255 && p->odd <= ODD_PATH4096)
		fprintf(f, "\"%s%s/%s\"", before, p->rel, odds[p->odd]);
	else
		fputs(odds[p->odd], f);
}

static void
print_oflags(FILE *f, uint32_t code)
{
	static const char *const acc[] = { "O_RDONLY", "O_WRONLY", "O_RDWR",
		"O_ACCMODE" };

	fputs(acc[code & 3], f);
	for (int i = 0; oflag_names[i] != NULL; i++)
		if (code & (1U << (i + 2)))
			fprintf(f, "|%s", oflag_names[i]);
}

/* Argument i of a kind; paths count apart. */
void
print_arg(FILE *f, const struct op *o, char kind, int i)
{
	static const char *const bufs[] = { "buf", "NULL", "(void *)8",
		"UNMAPPED", "PROT_NONE", "NONCANONICAL", "READONLY" };
	struct timespec ts;
	uint32_t v = o->arg[i];

	switch (kind) {
	case 'p':
		print_path(f, &o->path[i]);
		break;
	case 'f':
		v < NSLOT ? fprintf(f, "fd%u", v) : fprintf(f, "bad fd %u", v);
		break;
	case 's':
		fprintf(f, "-> fd%u", v);
		break;
	case 'O':
		print_oflags(f, v);
		break;
	case 'm':
		fprintf(f, "0%o", arg_mode(v));
		break;
	case 'o':
		fprintf(f, "off %lld", (long long)arg_offset(v));
		break;
	case 'n':
		fprintf(f, "len %zd", (ssize_t)arg_length(v));
		break;
	case 'b':
	case 'B':
		fputs(bufs[(v & 0xff) > 6 ? 0 : v & 0xff], f);
		break;
	case 'v':
		fprintf(f, "len %u", v > 2 ? v % 300 : v == 0 ? 0 : 65535 + v);
		break;
	case 'w':
		fprintf(f, "whence %d", arg_whence(v));
		break;
	case 'A':
		fprintf(f, "atflags 0x%x", (unsigned)arg_atflags(v));
		break;
	case 'u':
		fprintf(f, "id %d", arg_id(v));
		break;
	case 'x':
		fprintf(f, "\"%.20s\"", arg_xattr(v));
		break;
	case 'S':
		fprintf(f, "mask 0x%x", arg_statx(v));
		break;
	case 'F':
		fprintf(f, "mode 0x%x", (unsigned)arg_fallocate(v));
		break;
	case 'R':
		fprintf(f, "rwf 0x%x", (unsigned)arg_rwf(v));
		break;
	case 't':
		arg_time(v, &ts);
		fprintf(f, "time %lld.%ld", (long long)ts.tv_sec, ts.tv_nsec);
		break;
	default:
		fprintf(f, "%u", v);
	}
}

void
print_rest(FILE *f, const struct op *o)
{
	if (o->as != 0)
		fprintf(f, " as uid %u", 1000U + o->as);
	if (o->timed != 0)
		fprintf(f, " watching times%s",
		    o->timed == 2 ? " (atime in the future)" : "");
}
