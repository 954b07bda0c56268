/* SPDX-License-Identifier: BSD-2-Clause */
/* unixname: from a node's number and path to an abstract name, and back. */
#include <asm/unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "hijack/hijack.h"
#include "hijack/unixname.h"

/*
 * An abstract name of ours in sun_path: NUL, 'r', how the path is kept, the
 * arena's number, the node's number, the path.  A path that does not fit is
 * packed, 7 bits a character; one that is not ASCII is cut off.  A token's ends
 * with its number after the arena's.
 */
#define A_KIND      2
#define A_ARENA     3
#define A_INO       7
#define A_PATH      12
#define A_ROOM      (SOCKNAME_MAX - A_PATH)
#define KIND_TOKEN  0x1d
#define KIND_PLAIN  0x1e
#define KIND_PACKED 0x1f

static uint32_t
arena_id(void)
{
	static _Atomic uint32_t id;
	struct stat st;

	if (atomic_load(&id) == 0 &&
	    hj_host(__NR_fstat, rumpuser_process.ru_arenafd, &st) == 0)
		atomic_store(&id, (uint32_t)st.st_ino);
	return atomic_load(&id);
}

/* Into at most A_ROOM bytes; returns how many, and in *kind how. */
static size_t
pack(const char *path, char *to, char *kind)
{
	size_t i, bit, n = strlen(path);
	unsigned char all = 0;

	for (i = 0; i < n; i++)
		all |= path[i];
	*kind = KIND_PLAIN;
	if (n <= A_ROOM || all >= 0x80) {
		n = kmin(n, (size_t)A_ROOM);
		memcpy(to, path, n);
		return n;
	}
	*kind = KIND_PACKED;
	memset(to, 0, A_ROOM);
	for (i = 0, bit = 0; i < n; i++, bit += 7) {
		to[bit / 8] |= path[i] << bit % 8;
		if (bit % 8 > 1)
			to[bit / 8 + 1] |= (unsigned char)path[i] >>
			    (8 - bit % 8);
	}
	return (bit + 7) / 8;
}

static size_t
unpack(const char *from, size_t n, char *path)
{
	const unsigned char *f = (const unsigned char *)from;
	size_t i, bit;
	unsigned w;

	for (i = 0, bit = 0; bit + 7 <= n * 8 && i < SOCKNAME_MAX;
	     i++, bit += 7) {
		w = f[bit / 8];
		if (bit % 8 > 1)
			w |= (unsigned)f[bit / 8 + 1] << 8;
		path[i] = (w >> bit % 8) & 0x7f;
		if (path[i] == '\0')
			break;
	}
	return i;
}

void
unixname_encode(const struct sockname *sn, struct addr *ad)
{
	uint32_t arena = arena_id();
	size_t n;

	memset(ad, 0, sizeof(*ad));
	ad->ad_family = AF_UNIX;
	ad->ad_path[1] = 'r';
	memcpy(ad->ad_path + A_ARENA, &arena, sizeof(arena));
	memcpy(ad->ad_path + A_INO, &sn->sn_ino, A_PATH - A_INO);
	n = pack(sn->sn_bound, ad->ad_path + A_PATH, &ad->ad_path[A_KIND]);
	ad->ad_len = UN_HEAD + A_PATH + n;
}

void
unixname_decode(struct addr *ad)
{
	uint32_t arena = arena_id();
	char path[SOCKNAME_MAX + 1];
	size_t n = ad->ad_len - (UN_HEAD + A_PATH);
	char kind = ad->ad_path[A_KIND];

	if (ad->ad_len <= UN_HEAD + A_PATH || ad->ad_len > UN_MAX ||
	    ad->ad_family != AF_UNIX || ad->ad_path[0] != '\0' ||
	    ad->ad_path[1] != 'r' ||
	    (kind != KIND_PLAIN && kind != KIND_PACKED) ||
	    memcmp(ad->ad_path + A_ARENA, &arena, sizeof(arena)) != 0)
		return;
	if (kind == KIND_PACKED)
		n = unpack(ad->ad_path + A_PATH, n, path);
	else
		memcpy(path, ad->ad_path + A_PATH, n);
	memcpy(ad->ad_path, path, n);
	ad->ad_path[n] = '\0';
	ad->ad_len = UN_HEAD + n + 1; /* as Linux: even of 108 bytes */
}

void
unixname_token(uint64_t number, struct addr *ad)
{
	uint32_t arena = arena_id();

	memset(ad, 0, sizeof(*ad));
	ad->ad_family = AF_UNIX;
	ad->ad_path[1] = 'r';
	ad->ad_path[A_KIND] = KIND_TOKEN;
	memcpy(ad->ad_path + A_ARENA, &arena, sizeof(arena));
	memcpy(ad->ad_path + A_INO, &number, sizeof(number));
	ad->ad_len = UN_HEAD + A_INO + sizeof(number);
}

bool
unixname_istoken(const struct addr *ad, uint64_t *number)
{
	struct addr same;

	if (ad->ad_len != UN_HEAD + A_INO + sizeof(*number) ||
	    ad->ad_family != AF_UNIX)
		return false;
	memcpy(number, ad->ad_path + A_INO, sizeof(*number));
	unixname_token(*number, &same);
	return memcmp(ad->ad_bytes, same.ad_bytes, same.ad_len) == 0;
}
