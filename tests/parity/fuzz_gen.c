/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses a fuzzer's calls at random, and prints, saves and loads them. */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MAXOPS 128

static int weights[MAXOPS];
static int total;
static uint64_t state;

uint32_t
rnd(uint32_t n)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (uint32_t)((z ^ (z >> 31)) >> 11) % n;
}

bool
listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; (p = strstr(p, name)) != NULL; p += len)
		if ((p == list || p[-1] == ',') &&
		    (p[len] == '\0' || p[len] == ','))
			return true;
	return false;
}

/* Work out the weights left by --skip and --only. */
void
gen_start(void)
{
	for (int i = 0; i < nops; i++) {
		weights[i] = ops[i].weight;
		if (opt.skip != NULL && listed(opt.skip, ops[i].name))
			weights[i] = 0;
		if (opt.only != NULL && !listed(opt.only, ops[i].name))
			weights[i] = 0;
		total += weights[i];
	}
	if (total == 0) {
		fprintf(stderr, "%s: no calls are left to make\n", fuzz_name);
		exit(2);
	}
}

static int
gen_op(void)
{
	int at = (int)rnd((uint32_t)total), i;

	for (i = 0; at >= weights[i]; i++)
		at -= weights[i];
	return i;
}

static void
gen_call(struct op *o)
{
	const char *spec;
	int narg = 0;

	memset(o, 0, sizeof(*o));
	o->nr = (unsigned char)gen_op();
	for (spec = ops[o->nr].spec; *spec != '\0'; spec++) {
		if (*spec == 'p')
			o->npath++;
		else
			o->arg[narg++] = gen_arg(*spec);
	}
	gen_rest(o);
}

int
op_number(const char *name)
{
	for (int i = 0; i < nops; i++)
		if (strcmp(name, ops[i].name) == 0)
			return i;
	return -1;
}

/* The calls of one round: the same ones for the same number. */
void
gen_round(uint64_t seed, struct op *list, long n)
{
	long i = 0;

	state = seed;
	memset(list, 0, (size_t)n * sizeof(*list));
	if (opt.only == NULL)
		i = gen_first(list, n);
	for (; i < n; i++)
		gen_call(&list[i]);
}

/* A call as a person reads it: "@" is the side's root. */
void
op_print(FILE *f, const struct op *o)
{
	int narg = 0, npath = 0;
	const char *spec;

	fprintf(f, "%s(", ops[o->nr].name);
	for (spec = ops[o->nr].spec; *spec != '\0'; spec++) {
		if (spec != ops[o->nr].spec)
			fputs(", ", f);
		print_arg(f, o, *spec, *spec == 'p' ? npath++ : narg++);
	}
	fputs(")", f);
	print_rest(f, o);
}

/* A call as --replay reads it. */
void
op_save(FILE *f, const struct op *o)
{
	fprintf(f, "%s %u %u", ops[o->nr].name, o->as, o->timed);
	for (int i = 0; i < NARG; i++)
		fprintf(f, " %u", o->arg[i]);
	for (int i = 0; i < o->npath; i++)
		fprintf(f, " %u %u %u =%s", o->path[i].how, o->path[i].odd,
		    o->path[i].dir, o->path[i].rel);
	fputs("\n", f);
}

bool
op_load(const char *line, struct op *o)
{
	char name[32];
	unsigned a, b, c;
	int at, i;

	memset(o, 0, sizeof(*o));
	if (sscanf(line, "%31s %u %u%n", name, &a, &b, &at) != 3)
		return false;
	i = op_number(name);
	if (i == -1)
		return false;
	o->nr = (unsigned char)i;
	o->as = (unsigned char)a;
	o->timed = (unsigned char)b;
	for (i = 0, line += at; i < NARG; i++, line += at)
		if (sscanf(line, "%u%n", &o->arg[i], &at) != 1)
			return false;
	for (i = 0; i < 2; i++, line += at) {
		struct path *p = &o->path[i];

		if (sscanf(line, "%u %u %u =%39s%n", &a, &b, &c, p->rel, &at) !=
		    4)
			break;
		p->how = (unsigned char)a;
		p->odd = (unsigned char)b;
		p->dir = (unsigned char)c;
		o->npath++;
	}
	return true;
}
