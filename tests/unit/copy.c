/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of the program's memory, with faults in the middle. */
#include <sys/mman.h>

#include "rumpkern/copy.h"
#include "rumpkern/kern.h"
#include "tests/unit/unit.h"

/* Two pages, of which the second cannot be touched. */
static char *edge;

static void
start(void)
{

	boot();
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(edge, MAP_FAILED);
	EQ(mprotect(edge + 4096, 4096, PROT_NONE), 0);
	edge += 4096;
}

TestSuite(copy, .init = start, .fini = finish, .timeout = 60);

Test(copy, in_and_out_or_efault)
{
	char buf[100] = "abc";

	EQ(copyin(buf, edge - 50, 50), 0);
	EQ(copyin(edge - 50, buf, 50), 0);
	EQ(copyin(edge - 50, buf, 51), EFAULT);
	EQ(copyout(buf, edge - 50, 51), EFAULT);
	EQ(copyin(NULL, buf, 1), EFAULT);
	EQ(copyin((void *)-1L, buf, 1), EFAULT);
	EQ(copyin((void *)-1L, buf, 0), 0);
	EQ(copyin(edge, buf, 0), 0);
	EQ(copyout(buf, (void *)0x7ffffffff000, 1), EFAULT);
}

Test(copy, some_tells_what_is_missing)
{
	static char buf[4096];
	size_t n;

	for (n = 0; n < 300; n++) {
		EQ(copyin_some(edge - n, buf, n + 10), 10);
		EQ(copyout_some(buf, edge - n, n + 10), 10);
		EQ(zeroout_some(edge - n, n + 10), 10);
	}
	EQ(copyin_some(edge - 4096, buf, 4096), 0);
}

Test(copy, strings_end_or_are_too_long)
{
	char buf[20];
	size_t len;

	EQ(copyinstr("hello", buf, sizeof(buf), &len), 0);
	EQ(len, 6);
	cr_assert_str_eq(buf, "hello");
	EQ(copyinstr("hello", buf, 5, &len), ENAMETOOLONG);
	EQ(copyinstr("hello", buf, 6, &len), 0);
	memset(edge - 10, 'x', 10);
	EQ(copyinstr(edge - 10, buf, sizeof(buf), &len), EFAULT);
	edge[-1] = '\0';
	EQ(copyinstr(edge - 10, buf, sizeof(buf), &len), 0);
	EQ(len, 10);
	EQ(copyinstr(NULL, buf, sizeof(buf), &len), EFAULT);
}

Test(copy, uio_moves_through_a_vector_and_stops_at_a_fault)
{
	struct kiovec iov[3];
	char a[4] = "abcd", b[4] = "efgh", buf[20];
	struct uio uio;

	iov[0] = (struct kiovec){ a, 4 };
	iov[1] = (struct kiovec){ b, 4 };
	iov[2] = (struct kiovec){ edge - 2, 4 };
	memcpy(edge - 2, "ij", 2);
	EQ(uio_import(&uio, iov, 3, true), 0);
	EQ(uio.uio_resid, 12);
	EQ(uio_move(buf, 3, &uio), 0);
	EQ(uio_move(buf + 3, 3, &uio), 0);
	EQ(uio.uio_resid, 6);
	EQ(uio_move(buf + 6, 20, &uio), EFAULT);
	EQ(uio.uio_resid, 2);
	EQ(memcmp(buf, "abcdefghij", 10), 0);
	EQ(uio_import(&uio, iov, -1, true), EINVAL);
	EQ(uio_import(&uio, iov, 1025, true), EINVAL);
	EQ(uio_import(&uio, edge, 1, true), EFAULT);
}
