/* SPDX-License-Identifier: BSD-2-Clause */
/* shared: see shared.h. */
#include <signal.h>
#include <string.h>

#include "tests/crash/crash.h"
#include "tests/crash/shared.h"

/* False: something is wrong; *end: it did not die any more. */
static bool
one(const struct shared *sh, void (*fn)(void), uint64_t n,
    const struct counts *before, bool *end)
{
	struct counts after;
	enum death how;
	bool ok;

	sh->sh_setup();
	how = crash_call(fn, n);
	*end = how == LIVED;
	ok = how != BROKE && crash_check() == 0 && sh->sh_whole();
	sh->sh_teardown();
	ok = ok && crash_check() == 0;
	crash_count(&after);
	/* Names have new cookies each time. */
	if (sh->sh_names)
		after.ct_cache[KC_RADIX] = before->ct_cache[KC_RADIX];
	return ok && crash_same_counts(before, &after);
}

static void
test(const struct shared *sh, const struct sharedcall *sc,
    const struct counts *before)
{
	bool ok = true, end = false;
	uint64_t n;

	for (n = 1; ok && !end; n++)
		ok = one(sh, sc->sc_fn, n, before, &end);
	tap_ok(ok, "%s: whole after death at each of %lu points", sc->sc_name,
	    n - 1);
}

int
shared_main(const struct shared *sh, int argc, char **argv)
{
	const struct sharedcall *sc;
	struct counts before;
	int n = 0;

	crash_boot();
	signal(SIGPIPE, SIG_IGN);
	for (sc = sh->sh_calls; sc->sc_name != NULL; sc++)
		n += argc < 2 || strcmp(argv[1], sc->sc_name) == 0;
	tap_plan(n);
	sh->sh_setup();
	crash_call(sh->sh_first, 1);
	crash_check();
	sh->sh_teardown();
	crash_count(&before);
	for (sc = sh->sh_calls; sc->sc_name != NULL; sc++)
		if (argc < 2 || strcmp(argv[1], sc->sc_name) == 0)
			test(sh, sc, &before);
	return tap_done();
}
