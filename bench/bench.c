/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench: measure the rump kernel against the host.
 *
 * bench [row ...] prints `name unit host rump ratio', separated by tabs; a
 * ratio below 1 says that rump is better.  Host and rump take turns, several
 * rounds, and the medians are shown.  How a row is measured:
 *
 *	CALLS	both sides in one process, by bench/apicalls or bench/hjcalls
 *	LWPROC	the same for rump_lwproc(3), by bench/lwpcalls; see there what the
 *		host's column says
 *	APART	what no process can do both ways: bench/hjcalls without and with
 *		the shim in turn
 *	SERVER	a server and its client, without and with the shim in turn, by
 *		bench/servers
 *	IDLE	the CPU time of a server that waits; there is no host's figure
 *	BOOT	rump_init() in fresh processes; there is no host's figure
 *	COMMAND	a whole command, without and with the shim in turn
 *	TREE	whole commands on a copy of /usr/include: see tree.c
 */
#include "bench/child.h"
#include "bench/measure.h"
#include "bench/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS       21
#define ROUNDS_APART 11 /* of long runs */
#define ROUNDS_LONG  5  /* of seconds each */

enum kind {
	CALLS,
	LWPROC,
	APART,
	APART_PIPE,
	APART_SOCK,
	SERVER,
	IDLE,
	BOOT,
	COMMAND,
	TREE
};

static const struct bench_row {
	const char *name;
	enum kind kind;
	const char *cmd;
} table[] = {
	{ "api.getpid", CALLS, NULL },
	{ "api.pipe_pair", CALLS, NULL },
	{ "api.open_close", CALLS, NULL },
	{ "api.pread4k", CALLS, NULL },
	{ "api.pwrite4k", CALLS, NULL },
	{ "api.stat", CALLS, NULL },
	{ "api.stat_enoent", CALLS, NULL },
	{ "api.fstat", CALLS, NULL },
	{ "api.lseek", CALLS, NULL },
	{ "api.create8k", CALLS, NULL },
	{ "api.mkdir_rmdir", CALLS, NULL },
	{ "api.rename", CALLS, NULL },
	{ "api.append100", CALLS, NULL },
	{ "api.readdir1000", CALLS, NULL },
	{ "api.read_bulk", CALLS, NULL },
	{ "api.write_bulk", CALLS, NULL },
	{ "boot", BOOT, NULL },
	{ "lwproc.switch", LWPROC, NULL },
	{ "lwproc.rfork_release", LWPROC, NULL },
	{ "lwproc.newlwp_release", LWPROC, NULL },
	{ "lwproc.implicit", LWPROC, NULL },
	{ "lwproc.implicit_2thr", LWPROC, NULL },
	{ "lwproc.switch_vs_thread", LWPROC, NULL },
	{ "lwproc.procs", LWPROC, NULL },
	{ "lwproc.lwps", LWPROC, NULL },
	{ "hijack.pread4k", CALLS, NULL },
	{ "hijack.pwrite4k", CALLS, NULL },
	{ "hijack.open_close", CALLS, NULL },
	{ "hijack.stat", CALLS, NULL },
	{ "hijack.stat_enoent", CALLS, NULL },
	{ "hijack.fstat", CALLS, NULL },
	{ "hijack.lseek", CALLS, NULL },
	{ "hijack.create8k", CALLS, NULL },
	{ "hijack.mkdir_rmdir", CALLS, NULL },
	{ "hijack.rename", CALLS, NULL },
	{ "hijack.append100", CALLS, NULL },
	{ "hijack.readdir1000", CALLS, NULL },
	{ "hijack.read_bulk", CALLS, NULL },
	{ "hijack.write_bulk", CALLS, NULL },
	{ "hijack.pipe_2proc", APART_PIPE, NULL },
	{ "hijack.host_call", APART, NULL },
	{ "hijack.fork", APART, NULL },
	{ "net.tcp_pingpong", APART_SOCK, NULL },
	{ "net.tcp_pingpong_2proc", APART_SOCK, NULL },
	{ "net.udp_pingpong_2proc", APART_SOCK, NULL },
	{ "net.unix_pingpong_2proc", APART_SOCK, NULL },
	{ "net.tcp_bulk64k_2proc", APART_SOCK, NULL },
	{ "net.unix_bulk64k_2proc", APART_SOCK, NULL },
	{ "net.connect_close", APART_SOCK, NULL },
	{ "net.epoll_10k", APART_SOCK, NULL },
	{ "net.idle_cpu", IDLE, NULL },
	{ "net.nginx", SERVER, NULL },
	{ "net.redis", SERVER, NULL },
	{ "net.redis_p16", SERVER, NULL },
	{ "net.iperf3", SERVER, NULL },
	{ "hijack.true", COMMAND, "true" },
	{ "hijack.exec", COMMAND,
	    "find /usr/include/linux -name a*.h -exec true {} ;" },
	{ "hijack.python", COMMAND, "python3 -c pass" },
	{ "hijack.cp_a", TREE, NULL },
	{ "hijack.find", TREE, NULL },
	{ "hijack.grep_r", TREE, NULL },
	{ "hijack.du", TREE, NULL },
	{ "hijack.rm_r", TREE, NULL },
	{ "hijack.tar", TREE, NULL },
	{ "hijack.cp_a_new", TREE, NULL },
};

#define NTABLE (sizeof(table) / sizeof(table[0]))

struct result {
	char unit[16];
	double host;
	double rump;
};

/* The last line of a program's output, split; how many fields were read. */
static int
run_once(struct result *res, enum how how, const char *prog, const char *arg1,
    const char *arg2)
{
	struct child ch;
	char line[128] = "";
	int n;

	child_start(&ch, how, prog, arg1, arg2);
	child_ask(&ch, NULL, line, sizeof(line));
	n = sscanf(line, "%15s %lf %lf", res->unit, &res->host, &res->rump);
	return child_end(&ch) == 0 ? n : 0;
}

static bool
run_calls(const char *name, struct result *res)
{
	const char *row = strchr(name, '.') + 1;

	if (strncmp(name, "api.", 4) == 0)
		return run_once(res, PLAIN, "apicalls", row, NULL) == 3;
	return run_once(res, SHIM, "hjcalls", row, NULL) == 3;
}

static bool
run_apart(const char *name, enum how how, struct result *res)
{
	const char *row = strchr(name, '.') + 1;
	double h[ROUNDS_APART], r[ROUNDS_APART];
	struct result one;
	int i;

	for (i = 0; i < ROUNDS_APART; i++) {
		if (run_once(&one, PLAIN, "hjcalls", "-1", row) != 2)
			return false;
		h[i] = one.host;
		if (run_once(&one, how, "hjcalls", "-1", row) != 2)
			return false;
		r[i] = one.host;
	}
	*res = one;
	res->host = median(h, ROUNDS_APART);
	res->rump = median(r, ROUNDS_APART);
	return true;
}

static bool
run_servers(const char *name, struct result *res)
{
	const char *row = strchr(name, '.') + 1;
	double h[ROUNDS_LONG], r[ROUNDS_LONG];
	struct result one;
	int i;

	for (i = 0; i < ROUNDS_LONG; i++) {
		if (run_once(&one, PLAIN, "servers", row, NULL) != 2)
			return false;
		h[i] = one.host;
		if (run_once(&one, SHIM_INET, "servers", row, NULL) != 2)
			return false;
		r[i] = one.host;
	}
	*res = one;
	res->host = median(h, ROUNDS_LONG);
	res->rump = median(r, ROUNDS_LONG);
	return true;
}

static bool
run_idle(const char *name, struct result *res)
{
	const char *row = strchr(name, '.') + 1;

	if (run_once(res, SHIM_INET, "servers", row, NULL) != 2)
		return false;
	res->rump = res->host;
	res->host = 0;
	return true;
}

static bool
run_boot(struct result *res)
{
	double r[ROUNDS];
	struct result one;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (run_once(&one, PLAIN, "apicalls", "boot", NULL) != 2)
			return false;
		r[i] = one.host;
	}
	*res = one;
	res->host = 0;
	res->rump = median(r, ROUNDS);
	return true;
}

static bool
run_command(const char *cmd, struct result *res)
{
	double h[ROUNDS], r[ROUNDS];
	struct child host, rump;
	char answer[64];
	bool ok = true;
	int i;

	child_start(&host, PLAIN, "timeit", NULL, NULL);
	child_start(&rump, SHIM, "timeit", NULL, NULL);
	for (i = 0; i < ROUNDS && ok; i++) {
		ok = child_ask(&host, cmd, answer, sizeof(answer));
		h[i] = atof(answer);
		ok = ok && h[i] > 0 &&
		    child_ask(&rump, cmd, answer, sizeof(answer));
		r[i] = atof(answer);
		ok = ok && r[i] > 0;
	}
	ok = child_end(&host) == 0 && child_end(&rump) == 0 && ok;
	if (ok) {
		strcpy(res->unit, "us");
		res->host = median(h, ROUNDS);
		res->rump = median(r, ROUNDS);
	}
	return ok;
}

static bool
run_tree(const char *name, struct result *res)
{
	static struct tree_step steps[TREE_STEPS];
	static int state; /* 0: not yet, 1: good, -1: failed */
	int i;

	if (state == 0)
		state = tree_measure(steps) ? 1 : -1;
	for (i = 0; state == 1 && i < TREE_STEPS; i++) {
		if (strcmp(steps[i].ts_row, name) != 0)
			continue;
		strcpy(res->unit, "ms");
		res->host = steps[i].ts_host;
		res->rump = steps[i].ts_rump;
		return true;
	}
	return false;
}

static bool
run_row(const struct bench_row *br)
{
	struct result res = { .unit = "-" };
	const char *per;
	double ratio;
	bool ok = false;

	switch (br->kind) {
	case CALLS:
		ok = run_calls(br->name, &res);
		break;
	case LWPROC:
		ok = run_once(&res, PLAIN, "lwpcalls",
			 strchr(br->name, '.') + 1, NULL) == 3;
		break;
	case APART:
		ok = run_apart(br->name, SHIM, &res);
		break;
	case APART_PIPE:
		ok = run_apart(br->name, SHIM_PIPE, &res);
		break;
	case APART_SOCK:
		ok = run_apart(br->name, SHIM_SOCK, &res);
		break;
	case SERVER:
		ok = run_servers(br->name, &res);
		break;
	case IDLE:
		ok = run_idle(br->name, &res);
		break;
	case BOOT:
		ok = run_boot(&res);
		break;
	case COMMAND:
		ok = run_command(br->cmd, &res);
		break;
	case TREE:
		ok = run_tree(br->name, &res);
		break;
	}
	if (!ok) {
		printf("%s\t%s\t-\t-\t-\n", br->name, res.unit);
	} else if (res.host == 0) {
		printf("%s\t%s\t-\t%.1f\t-\n", br->name, res.unit, res.rump);
	} else {
		per = strchr(res.unit, '/'); /* a rate */
		ratio = per != NULL ? res.host / res.rump : res.rump / res.host;
		printf("%s\t%s\t%.1f\t%.1f\t%.3f\n", br->name, res.unit,
		    res.host, res.rump, ratio);
	}
	fflush(stdout);
	return ok;
}

static bool
wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc == 1;
}

static bool
known(const char *name)
{
	unsigned i;

	for (i = 0; i < NTABLE; i++)
		if (strcmp(table[i].name, name) == 0)
			return true;
	fprintf(stderr, "bench: no row %s\n", name);
	return false;
}

int
main(int argc, char **argv)
{
	bool ok = true;
	unsigned u;
	int i;

	for (i = 1; i < argc; i++)
		if (!known(argv[i]))
			return 2;
	child_init();
	printf("name\tunit\thost\trump\tratio\n");
	fflush(stdout);
	for (u = 0; u < NTABLE; u++)
		if (wanted(table[u].name, argc, argv))
			ok = run_row(&table[u]) && ok;
	return ok ? 0 : 1;
}
