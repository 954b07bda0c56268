/* SPDX-License-Identifier: BSD-2-Clause */
/* fileconf_acl: access control lists. */
#include "fileconf.h"

#define ACCESS  "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

struct acl {
	uint32_t version;
	struct entry {
		uint16_t tag, perm;
		uint32_t id;
	} e[8];
};

static const struct acl minimal = { 2,
	{ { 1, 6, -1 }, { 4, 4, -1 }, { 0x20, 0, -1 } } };
static const struct acl users = { 2,
	{ { 1, 6, -1 }, { 2, 6, 1000 }, { 4, 4, -1 }, { 0x10, 5, -1 },
	    { 0x20, 1, -1 } } };
static const struct acl groups = { 2,
	{ { 1, 7, 5 }, { 2, 2, 1000 }, { 2, 0, 1001 }, { 4, 1, 6 },
	    { 8, 4, 2000 }, { 8, 2, 2001 }, { 0x10, 6, 7 }, { 0x20, 7, 8 } } };

static int
set(const char *path, const char *name, int n, const struct acl *a)
{
	return setxattr(path, name, a, 4 + sizeof(struct entry) * n, 0);
}

static void
show_list(const char *path, const char *name)
{
	struct acl a;
	ssize_t n = getxattr(path, name, &a, sizeof(a));
	int i;

	printf("  %s %zd:", name + 17, n);
	for (i = 0; i < (n - 4) / 8; i++)
		printf(" %x/%x/%d", a.e[i].tag, a.e[i].perm, (int)a.e[i].id);
	printf("\n");
}

static void
show(const char *path)
{
	char names[200] = "";

	S(path);
	show_list(path, ACCESS);
	show_list(path, DEFAULT);
	show_bytes("names", names, listxattr(path, names, sizeof(names)));
}

static void
try(void)
{
	int i;

	for (i = 0; i < 8; i++)
		C(faccessat(AT_FDCWD, "g", i, AT_EACCESS));
	for (i = 1; i < 8; i++)
		C(faccessat(AT_FDCWD, "f", i, AT_EACCESS));
	C(open("g", O_RDONLY) >= 0);
	C(open("g", O_WRONLY) >= 0);
	C(access("dir/in", F_OK));
	C(mk("dir/mine", "x"));
	C(set("g", ACCESS, 3, &minimal));
	C(removexattr("g", ACCESS));
	C(set("g", DEFAULT, 3, &minimal));
	C(getxattr("g", ACCESS, NULL, 0));
}

static void
permissions(void)
{
	static const unsigned ids[][2] = { { 1000, 5 }, { 1001, 2000 },
		{ 1002, 2000 }, { 1002, 2001 }, { 1002, 3000 }, { 1003, 9 } };
	size_t i;

	mk("g", "text");
	mk("f", "text");
	mkdir("dir", 0755);
	mk("dir/in", "text");
	C(chown("g", 1003, 3000));
	C(chown("dir", 0, 3000));
	C(set("g", ACCESS, 8, &groups));
	C(set("f", ACCESS, 5, &users));
	C(set("dir", ACCESS, 8, &groups));
	show("g");
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		as_user("try", ids[i][0], ids[i][1], try);
	C(chmod("g", 0707));
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		as_user("try again", ids[i][0], ids[i][1], try);
	show("g");
}

static void
inheritance(void)
{
	mkdir("d", 0755);
	C(set("d", DEFAULT, 5, &users));
	C(setxattr("d", "user.x", "y", 1, 0));
	show("d");
	umask(027);
	C(mkmode("d/f", 0666));
	C(open("d/f2", O_CREAT | O_RDWR, 0604) >= 0);
	C(mkdir("d/d", 0777));
	C(symlink("x", "d/l"));
	C(mkfifo("d/p", 0666));
	C(open("d", O_TMPFILE | O_RDWR, 0666) >= 0);
	C(mkdir("d/d/e", 0700));
	C(rename("d/f2", "f2"));
	show("d/f");
	show("d/d");
	show("d/p");
	show("d/d/e");
	show("f2");
	C(set("d", DEFAULT, 3, &minimal));
	C(open("d/g", O_CREAT | O_RDWR, 0666) >= 0);
	C(mkdir("d/h", 0777));
	show("d/g");
	show("d/h");
	C(removexattr("d", DEFAULT));
	C(removexattr("d", DEFAULT));
	C(open("d/i", O_CREAT | O_RDWR, 0666) >= 0);
	show("d/i");
	umask(022);
	C(lsetxattr("d/l", ACCESS, &users, 44, 0));
	C(lgetxattr("d/l", ACCESS, NULL, 0));
	C(lremovexattr("d/l", ACCESS));
}

static void
form(void)
{
	struct acl a;

	mk("x", "text");
	C(setxattr("x", ACCESS, &users, 3, 0));
	C(setxattr("x", ACCESS, &users, 4, 0));
	C(setxattr("x", ACCESS, &users, 11, 0));
	C(setxattr("x", ACCESS, &users, 0, 0));
	C(set("x", ACCESS, 4, &users));
	a = users;
	a.version = 3;
	C(set("x", ACCESS, 5, &a));
	a = users;
	a.e[1].tag = 3;
	C(set("x", ACCESS, 5, &a));
	a = users;
	a.e[1].perm = 8;
	C(set("x", ACCESS, 5, &a));
	a = users;
	a.e[1].id = -1;
	C(set("x", ACCESS, 5, &a));
	a = users;
	a.e[3] = a.e[4];
	C(set("x", ACCESS, 4, &a));
	a = users;
	a.e[1] = users.e[2];
	a.e[2] = users.e[1];
	C(set("x", ACCESS, 5, &a));
	C(set("x", DEFAULT, 5, &users));
	C(setxattr("x", DEFAULT, NULL, 0, 0));
	C(set("x", ACCESS, 5, &users));
	C(setxattr("x", ACCESS, &users, 44, XATTR_CREATE));
	C(setxattr("x", ACCESS, &users, 44, XATTR_REPLACE));
	C(getxattr("x", ACCESS, &a, 10));
	C(getxattr("x", DEFAULT, &a, 10));
	C(chmod("x", 02777));
	show("x");
	C(chmod("x", 0600));
	show("x");
	C(set("x", ACCESS, 3, &minimal));
	show("x");
	C(removexattr("x", ACCESS));
	show("x");
}

void
conf_acl(void)
{
	form();
	inheritance();
	permissions();
}
