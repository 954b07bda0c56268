/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses the arguments of netfuzz's calls at random, and prints them. */

#include <string.h>

#include "netfuzz.h"
#include "netfuzz_ops.h"

#define ROW(name, weight, spec) { #name, weight, spec, op_##name },
const struct opdef ops[] = { NETFUZZ_OPS(ROW) };
#undef ROW
const int nops = sizeof(ops) / sizeof(ops[0]);

#define LENGTHS     23 /* rows of the table in arg_length() */
#define LENGTHS_ODD 3
#define OPTIONS     33 /* of that in arg_option() */

static uint32_t
gen_length(void)
{
	if (rnd(60) == 0)
		return LENGTHS - LENGTHS_ODD + rnd(LENGTHS_ODD);
	return rnd(3) == 0 ? rnd(LENGTHS - LENGTHS_ODD) : LENGTHS + rnd(200);
}

/* Usually none, or one of the common ones; seldom many. */
static uint32_t
gen_msgflags(void)
{
	uint32_t flags = 0;

	if (rnd(5) < 3)
		return rnd(3) == 0 ? 1 : 0;
	for (uint32_t n = rnd(5) == 0 ? 3 : 1; n > 0; n--)
		flags |= 1U << (rnd(4) == 0 ? rnd(23) : rnd(6));
	return flags;
}

static uint32_t
gen_buf(void)
{
	return rnd(50) == 0 ? 1 + rnd(5) : (1 + rnd(0xffffff)) << 8;
}

static uint32_t
gen_type(void)
{
	uint32_t code = rnd(10) == 0 ? rnd(16) : rnd(12);

	/* Half of them do not block. */
	if (rnd(2) == 0)
		code |= 16;
	if (rnd(4) == 0)
		code |= 32;
	if (rnd(100) == 0)
		code |= 0x3c0;
	return code;
}

uint32_t
gen_arg(char kind)
{
	switch (kind) {
	case 'f':
		return rnd(60) == 0 ? NSLOT + rnd(4) : rnd(NSLOT);
	case 's':
		return rnd(NSLOT);
	case 'D':
		return rnd(10);
	case 'T':
		return gen_type();
	case 'a':
		return addr_gen();
	case 'l':
		return rnd(12) == 0 ? 1 + rnd(23) : 0;
	case 'n':
		return gen_length();
	case 'b':
	case 'B':
		return gen_buf();
	case 'm':
		return gen_msgflags();
	case 'c':
		return rnd(2) == 0 ? 0 : rnd(0x10000);
	case 'o':
		return rnd(3) != 0 ? rnd(OPTIONS) : OPTIONS + rnd(8 * 120);
	case 'v':
		return rnd(3) == 0 ? rnd(18) : rnd(2);
	case 'r':
		return rnd(0x7fffffff);
	default:
		return rnd(16);
	}
}

/* Connections of some kinds. */
long
gen_first(struct op *list, long n)
{
	long i;

	for (i = 0; i < n && i < 4; i++) {
		list[i].nr = (unsigned char)op_number("pair");
		list[i].arg[0] = rnd(16);
		list[i].arg[1] = (uint32_t)i * 3;
		list[i].arg[2] = (uint32_t)i * 3 + 1;
		list[i].arg[3] = (uint32_t)i * 3 + 2;
		list[i].arg[4] = rnd(16);
	}
	return i;
}

void
gen_rest(struct op *o)
{
	(void)o;
}

bool
op_simpler(struct op *o, int way)
{
	const char *spec = ops[o->nr].spec;

	if (way >= (int)strlen(spec))
		return false;
	switch (spec[way]) {
	case 'T':
		o->arg[way] &= 0xf;
		break;
	case 'a':
		break;
	case 'b':
	case 'B':
		if (!bad_buffer(o->arg[way]))
			o->arg[way] = 0x100;
		break;
	case 'n':
		if (o->arg[way] >= LENGTHS)
			o->arg[way] = LENGTHS + 10;
		break;
	case 'l':
	case 'm':
	case 'c':
	case 'i':
	case 'r':
		o->arg[way] = 0;
		break;
	}
	return true;
}

static void
print_msgflags(FILE *f, uint32_t code)
{
	const char *sep = "";

	for (int i = 0; msgflag_names[i] != NULL; i++)
		if (code & (1U << i)) {
			fprintf(f, "%s%s", sep, msgflag_names[i]);
			sep = "|";
		}
	if (*sep == '\0')
		fputs("0", f);
}

void
print_arg(FILE *f, const struct op *o, char kind, int i)
{
	static const char *const bufs[] = { "buf", "NULL", "(void *)8",
		"UNMAPPED", "PROT_NONE", "NONCANONICAL" };
	static const char *const domains[] = { "?", "AF_UNIX", "AF_INET" };
	uint32_t v = o->arg[i];
	int n;

	switch (kind) {
	case 'f':
		v < NSLOT ? fprintf(f, "fd%u", v) : fprintf(f, "bad fd %u", v);
		break;
	case 's':
		fprintf(f, "-> fd%u", v);
		break;
	case 'D':
		n = arg_domain(v);
		fputs(n == AF_INET6 ? "AF_INET6" : domains[n], f);
		break;
	case 'T':
		fprintf(f, "type 0x%x", (unsigned)arg_type(v));
		break;
	case 'a':
		addr_print(f, v);
		break;
	case 'n':
		fprintf(f, "len %zd", (ssize_t)arg_length(v));
		break;
	case 'b':
	case 'B':
		fputs(bufs[bad_buffer(v) ? v & 0xff : 0], f);
		break;
	case 'm':
		print_msgflags(f, v);
		break;
	case 'c':
		fprintf(f, "ctl 0x%x", v);
		break;
	case 'o':
		fprintf(f, "option %d:%d", arg_option(v)->level,
		    arg_option(v)->name);
		break;
	case 'v':
		fprintf(f, "value %d", arg_value(v));
		break;
	case 'r':
		fprintf(f, "0x%x", v);
		break;
	default:
		fprintf(f, "%u", v);
	}
}

void
print_rest(FILE *f, const struct op *o)
{
	(void)f;
	(void)o;
}
