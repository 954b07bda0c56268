/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of the differential fuzzers: the same random calls on the host
 * and on rump.
 *
 * A fuzzer is an ordinary program that is run under the shim.  It makes random
 * calls in lock step on both sides and compares what each returns, and what
 * can be seen of the state.  Calls are a function of the seed alone, and each
 * round of them runs in a child that starts afresh, so that any part of a round
 * can be run again: a round that shows a mismatch is shrunk to the few calls
 * that matter.
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

static const struct option longopts[] = { { "seed", required_argument, NULL,
					      's' },
	{ "calls", required_argument, NULL, 'c' },
	{ "round", required_argument, NULL, 'n' },
	{ "host", required_argument, NULL, 'h' },
	{ "rump", required_argument, NULL, 'r' },
	{ "replay", required_argument, NULL, 'p' },
	{ "skip", required_argument, NULL, 'k' },
	{ "only", required_argument, NULL, 'o' },
	{ "inject", required_argument, NULL, 'i' },
	{ "no-times", no_argument, NULL, 't' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, '?' }, { NULL, 0, NULL, 0 } };

static void
usage(void)
{
	fprintf(stderr,
	    "usage: %s [--seed N] [--calls N] [--round N] "
	    "[--host DIR] [--rump DIR]\n    [--skip CALL,...] "
	    "[--only CALL,...] [--replay FILE] [--inject %s] "
	    "[--no-times] [--verbose]\n",
	    fuzz_name, fuzz_inject);
	exit(2);
}

static void
parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 's':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			opt.calls = strtol(optarg, NULL, 0);
			break;
		case 'n':
			opt.round = strtol(optarg, NULL, 0);
			break;
		case 'h':
			opt.host = optarg;
			break;
		case 'r':
			opt.rump = optarg;
			break;
		case 'p':
			opt.replay = optarg;
			break;
		case 'k':
			opt.skip = optarg;
			break;
		case 'o':
			opt.only = optarg;
			break;
		case 'i':
			opt.inject = optarg;
			break;
		case 't':
			opt.notimes = true;
			break;
		case 'v':
			opt.verbose = true;
			break;
		default:
			usage();
		}
	}
	if (optind != argc || opt.calls <= 0 || opt.round <= 0)
		usage();
	if (opt.inject != NULL && strcmp(opt.inject, fuzz_inject) != 0)
		usage();
	while (opt.seed == 0)
		if (getrandom(&opt.seed, 4, 0) != 4)
			opt.seed = (uint64_t)time(NULL);
}

static void
make_dirs(void)
{
	static char host[64], rump[64];

	snprintf(host, sizeof(host), "%s/%s.%d", fuzz_host, fuzz_name,
	    (int)getpid());
	snprintf(rump, sizeof(rump), "/rump/%s.%d", fuzz_name, (int)getpid());
	if (opt.host == NULL)
		opt.host = host;
	if (opt.rump == NULL)
		opt.rump = rump;
	for (int i = 0; i < 2; i++) {
		const char *dir = i == 0 ? opt.host : opt.rump;

		if (mkdir(dir, 0755) == -1 && errno != EEXIST) {
			fprintf(stderr, "%s: %s: %s%s\n", fuzz_name, dir,
			    strerror(errno),
			    i == 0 ? "" : " (is it run under the shim?)");
			exit(2);
		}
	}
}

/* Keep a list in a file for --replay. */
static const char *
save(const struct op *list, long n)
{
	static char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "/tmp/%s.%llu.replay", fuzz_name,
	    (unsigned long long)opt.seed);
	f = fopen(name, "w");
	if (f == NULL)
		return NULL;
	for (long i = 0; i < n; i++)
		op_save(f, &list[i]);
	fclose(f);
	return name;
}

/* Print a list as calls, and what comes of it. */
static void
tell(const struct op *list, long n)
{
	const char *name = save(list, n);

	printf("%ld calls show it:\n", n);
	for (long i = 0; i < n; i++) {
		printf("    ");
		op_print(stdout, &list[i]);
		printf("\n");
	}
	if (name != NULL)
		printf("again: %s --replay %s\n", fuzz_name, name);
	run_forked(list, n, false);
}

static int
replay(void)
{
	struct op *list = calloc((size_t)opt.calls, sizeof(*list));
	FILE *f = fopen(opt.replay, "r");
	char line[1024];
	long n = 0;
	int bad;

	if (f == NULL) {
		fprintf(stderr, "%s: %s: %s\n", fuzz_name, opt.replay,
		    strerror(errno));
		return 2;
	}
	while (n < opt.calls && fgets(line, sizeof(line), f) != NULL) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (!op_load(line, &list[n++])) {
			fprintf(stderr, "%s: %s: bad line: %s", fuzz_name,
			    opt.replay, line);
			return 2;
		}
	}
	fclose(f);
	bad = run_forked(list, n, false);
	printf("%s\n", bad ? "mismatch" : "no mismatch");
	free(list);
	return bad != 0;
}

static void
print_tally(double seconds)
{
	long calls = 0, good = 0;

	for (int i = 0; i < nops; i++) {
		calls += tally[i].calls;
		good += tally[i].good;
		if (opt.verbose)
			printf("%-16s %8ld calls %8ld succeeded\n", ops[i].name,
			    tally[i].calls, tally[i].good);
	}
	printf("%ld calls, %ld succeeded, %.1f s: no mismatch\n", calls, good,
	    seconds);
}

static bool
repeatable(const struct op *list, long n)
{
	for (int i = 0; i < 5; i++)
		if (run_forked(list, n, true) != 0)
			return true;
	printf("the same calls agreed 5 times afterwards: a race?\n");
	return false;
}

static int
fuzz(void)
{
	struct op *list = calloc((size_t)opt.round, sizeof(*list));
	struct timespec from, till;
	long done, n, len;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (done = 0; done < opt.calls; done += n) {
		n = opt.calls - done < opt.round ? opt.calls - done : opt.round;
		gen_round(opt.seed * 1000003 + (uint64_t)(done / opt.round),
		    list, n);
		if (run_forked(list, n, false) == 0)
			continue;
		printf("seed %llu, round %ld: shrinking\n",
		    (unsigned long long)opt.seed, done / opt.round);
		fflush(stdout);
		/* For who cannot wait. */
		save(list, n);
		if (repeatable(list, n)) {
			len = shrink(list, n, run_forked);
			tell(list, len);
		}
		free(list);
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &till);
	print_tally((double)(till.tv_sec - from.tv_sec) +
	    (double)(till.tv_nsec - from.tv_nsec) / 1e9);
	free(list);
	return 0;
}

int
main(int argc, char **argv)
{
	int bad;

	parse(argc, argv);
	printf("%s --seed %llu --calls %ld\n", fuzz_name,
	    (unsigned long long)opt.seed, opt.calls);
	fflush(stdout);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	make_dirs();
	fuzz_start();
	gen_start();
	tally = mmap(NULL, (size_t)(nops + 1) * sizeof(*tally),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bad = opt.replay != NULL ? replay() : fuzz();
	tree_remove(opt.host);
	tree_remove(opt.rump);
	return bad;
}
