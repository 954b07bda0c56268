# SPDX-License-Identifier: BSD-2-Clause
# Makes what is derived from syscalls/syscalls.master:
#	awk -v out=KIND -v arch=x86_64|aarch64 -f mksyscalls.awk syscalls.master
# KIND is api_h, api_c, sysnum_h, sysargs_h, sysent_c, trace_c, route_c or man.

function fail(msg)
{
	printf "%s:%d: %s\n", FILENAME, lineno, msg >"/dev/stderr"
	failed = 1
	exit 1
}

function trim(s)
{
	sub(/^[ \t]+/, "", s)
	sub(/[ \t]+$/, "", s)
	return s
}

# The place of the parenthesis that closes the one at the start of s.
function closing(s,	i, depth, ch)
{
	depth = 0
	for (i = 1; i <= length(s); i++) {
		ch = substr(s, i, 1)
		if (ch == "(")
			depth++
		else if (ch == ")" && --depth == 0)
			return i
	}
	fail("unbalanced parentheses")
}

# "type name:kind(len)" is argument i of call c.
function parse_arg(c, i, s,	decl, n, f, t)
{
	s = trim(s)
	if (substr(s, 1, 3) == "...") {
		variadic[c] = i
		s = trim(substr(s, 4))
	}
	if (!match(s, /:[a-z]+(\([a-z0-9_]+\))?$/))
		fail("bad argument: " s)
	decl = trim(substr(s, 1, RSTART - 1))
	t = substr(s, RSTART + 1)
	n = index(t, "(")
	if (n > 0) {
		argof[c, i] = substr(t, n + 1, length(t) - n - 1)
		t = substr(t, 1, n - 1)
	}
	if (!(t in kinds))
		fail("unknown kind: " t)
	kind[c, i] = t
	match(decl, /[A-Za-z_][A-Za-z_0-9]*$/)
	aname[c, i] = substr(decl, RSTART)
	if (RSTART < 2)
		fail("bad declaration: " decl)
	# A pointer type ends in its star, any other in no blank.
	atype[c, i] = trim(substr(decl, 1, RSTART - 1))
	if (match(decl, /struct [a-z_0-9]+/)) {
		t = substr(decl, RSTART, RLENGTH)
		if (!(t in isstruct)) {
			isstruct[t] = 1
			structs[++nstructs] = t
		}
	}
}

function parse_args(c, s,	n, i, parts)
{
	nargs[c] = 0
	if (trim(s) == "")
		return
	n = split(s, parts, ",")
	if (n > 6)
		fail("more than six arguments")
	for (i = 1; i <= n; i++)
		parse_arg(c, i, parts[i])
	nargs[c] = n
}

# What follows the arguments.
function parse_tail(c, s,	n, i, parts)
{
	s = trim(s)
	if (match(s, /api [a-z_0-9-]+$/)) {
		api[c] = substr(s, RSTART + 4)
		s = trim(substr(s, 1, RSTART - 1))
	}
	if (s == "") {
		type[c] = "real"
	} else if (match(s, /^! [A-Z0-9]+$/)) {
		type[c] = "nosys"
		error[c] = substr(s, 3)
	} else if (match(s, /^= [a-z_0-9]+\(/)) {
		type[c] = "alias"
		target[c] = substr(s, 3, RLENGTH - 3)
		s = substr(s, RLENGTH + 1)
		n = split(substr(s, 1, length(s) - 1), parts, ",")
		for (i = 1; i <= n; i++)
			targ[c, i] = trim(parts[i])
		ntargs[c] = n
	} else
		fail("not understood: " s)
}

function parse_call(s,	c, p, n, f)
{
	p = index(s, "(")
	if (p == 0 || split(substr(s, 1, p - 1), f, /[ \t]+/) < 5)
		fail("not a call: " s)
	c = ++ncalls
	name[c] = f[1]
	if (f[1] in bynames)
		fail("twice: " f[1])
	bynames[f[1]] = c
	hostnr[c] = arch == "aarch64" ? f[3] : f[2]
	if (hostnr[c] != "-") {
		if (hostnr[c] !~ /^[0-9]+$/ || hostnr[c] >= 512)
			fail("bad number: " hostnr[c])
		if (hostnr[c] in bynr)
			fail("number twice: " hostnr[c])
		bynr[hostnr[c]] = c
	}
	ret[c] = f[4]
	route[c] = f[5]
	if (!(ret[c] in rettype))
		fail("unknown result: " ret[c])
	if (!(route[c] in routes))
		fail("unknown route: " route[c])
	s = substr(s, p)
	n = closing(s)
	parse_args(c, substr(s, 2, n - 2))
	parse_tail(c, substr(s, n + 1))
}

function set(a, words,	n, i, w)
{
	n = split(words, w, " ")
	for (i = 1; i <= n; i++)
		a[w[i]] = i
}

BEGIN {
	lineno = 0
	pending = ""
	if (arch != "x86_64" && arch != "aarch64")
		fail("unknown arch: " arch)
	set(kinds, "fd fdin fdout dirfd path lpath npath str in out iovin " \
	    "iovout addrin addrout sin sout sinout stat statx timespecs " \
	    "fdpair pollfds fdset argv ptr int uint long ulong hex size " \
	    "off mode dev pid uid gid sig oflags atflags accmode whence " \
	    "fcntl ioctl flock farg const")
	set(routes, "fd fd2 path pathat path2 fdpath family make process " \
	    "special host rump")
	rettype["int"] = "int"
	rettype["fd"] = "int"
	rettype["ssize"] = "ssize_t"
	rettype["long"] = "long"
	rettype["off"] = "off_t"
	rettype["ptr"] = "void *"
	rettype["pid"] = "pid_t"
	rettype["uid"] = "uid_t"
	rettype["gid"] = "gid_t"
	rettype["mode"] = "mode_t"
	rettype["void"] = "void"
	# Types that differ between libc and the kernel.
	kerntype["socklen_t"] = "uint32_t"
	kerntype["dev_t"] = "uint32_t"
	kerntype["nfds_t"] = "unsigned long"
	kerntype["const sigset_t *"] = "const void *"
	kerntype["sigset_t *"] = "void *"
	kerntype["fd_set *"] = "void *"
	kerntype["socklen_t *"] = "uint32_t *"
}

# Lines that continue another are joined to it.
/^#/ || /^[ \t]*$/ { next }
/^[ \t]/ {
	pending = pending " " trim($0)
	next
}
{
	if (pending != "")
		parse_call(pending)
	lineno = FNR
	pending = $0
}

# --- Helpers of the writers ------------------------------------------------

function upper(s)
{
	return toupper(s)
}

function declare(t, n)
{
	return t ~ /\*$/ ? t n : t " " n
}

function head(what)
{
	print "/* SPDX-License-Identifier: BSD-2-Clause */"
	print "/* " what " */"
	print "/* Made by scripts/mksyscalls.awk from syscalls.master. */"
}

# Is there a rump_sys_ function?
function inapi(c)
{
	return type[c] != "nosys" && api[c] != "-"
}

# Write s in lines of 80, broken after commas.
function wrap(s, indent,	n, i, w, line)
{
	n = split(s, w, ", ")
	line = w[1]
	for (i = 2; i <= n; i++) {
		line = line ","
		if (length(line) + length(w[i]) > 70) {
			print line
			line = indent w[i]
		} else
			line = line " " w[i]
	}
	print line
}

# The C parameters of a call, as a program sees them.
function params(c,	i, s)
{
	s = ""
	for (i = 1; i <= nargs[c]; i++) {
		if (kind[c, i] == "const")
			continue
		if (s != "")
			s = s ", "
		if (variadic[c] == i)
			return s "..."
		s = s declare(atype[c, i], aname[c, i])
	}
	return s == "" ? "void" : s
}

# Where argument n of call c stands, from 1.
function position(c, n,	i)
{
	for (i = 1; i <= nargs[c]; i++)
		if (aname[c, i] == n)
			return i
	fail(name[c] ": no argument " n)
}

# --- The public functions --------------------------------------------------

function api_proto(c, n)
{
	wrap("RUMP_API " declare(rettype[ret[c]], "rump_sys_" n) "(" \
	    params(c) ");", "\t    ")
}

function write_api_h(	c, i)
{
	head("rump_syscalls.h: the system calls of a rump kernel.")
	print "/*"
	print " * Each is the call of its name in section 2 of the manual, done by"
	print " * the rump kernel.  On failure: -1 and errno."
	print " */"
	print "#ifndef RUMP_RUMP_SYSCALLS_H"
	print "#define RUMP_RUMP_SYSCALLS_H"
	print ""
	print "#include <fcntl.h>"
	print "#include <poll.h>"
	print "#include <signal.h>"
	print "#include <stddef.h>"
	print "#include <stdint.h>"
	print "#include <sys/epoll.h>"
	print "#include <sys/resource.h>"
	print "#include <sys/select.h>"
	print "#include <sys/socket.h>"
	print "#include <sys/stat.h>"
	print "#include <sys/statfs.h>"
	print "#include <sys/time.h>"
	print "#include <sys/types.h>"
	print "#include <sys/uio.h>"
	print "#include <time.h>"
	print "#include <utime.h>"
	print ""
	print "#include <rump/rump.h>"
	print ""
	print "#ifdef __cplusplus"
	print "extern \"C\" {"
	print "#endif"
	print ""
	print "struct cachestat;"
	print "struct cachestat_range;"
	print "struct file_handle;"
	print "struct open_how;"
	print "struct statx;"
	print ""
	for (c = 1; c <= ncalls; c++) {
		if (type[c] == "nosys")
			continue
		if (api[c] != "-")
			api_proto(c, name[c])
		if (api[c] != "-" && api[c] != "")
			api_proto(c, api[c])
	}
	print ""
	print "#ifdef __cplusplus"
	print "}"
	print "#endif"
	print ""
	print "#endif"
}

function variadic_fetch(c,	i, v, t)
{
	v = variadic[c]
	t = atype[c, v]
	print "\tva_list ap;"
	print "\t" declare(t, aname[c, v]) " = 0;"
	print ""
	if (kind[c, v] == "mode")
		print "\tif ((flags & O_CREAT) != 0 ||\n" \
		    "\t    (flags & O_TMPFILE) == O_TMPFILE) {"
	else
		print "\t{"
	print "\t\tva_start(ap, " aname[c, v - 1] ");"
	print "\t\t" aname[c, v] " = va_arg(ap, " t ");"
	print "\t\tva_end(ap);"
	print "\t}"
}

function api_func(c,	i, s, call)
{
	print ""
	print rettype[ret[c]]
	wrap("rump_sys_" name[c] "(" params(c) ")", "    ")
	print "{"
	if (variadic[c])
		variadic_fetch(c)
	s = ""
	for (i = 1; i <= nargs[c]; i++)
		s = s (i > 1 ? ", " : "") "(long)" \
		    (kind[c, i] == "const" ? argof[c, i] : aname[c, i])
	call = "sys_api(RSYS_" name[c] ", NULL)"
	if (nargs[c] > 0) {
		print "\tconst long args[] = {"
		printf "\t\t"
		wrap(s, "\t\t")
		print "\t};"
		print ""
		call = "sys_api(RSYS_" name[c] ", args)"
	}
	if (ret[c] == "void")
		print "\t(void)" call ";"
	else
		print "\treturn (" rettype[ret[c]] ")" call ";"
	print "}"
}

function write_api_c(	c)
{
	head("The rump_sys_ functions.")
	print "#include <stdarg.h>"
	print ""
	print "#include \"syscalls/dispatch.h\""
	print "#include \"syscalls/sysnum.h\""
	print ""
	print "#include <rump/rump_syscalls.h>"
	for (c = 1; c <= ncalls; c++) {
		if (!inapi(c))
			continue
		api_func(c)
		if (api[c] == "")
			continue
		print ""
		wrap(declare(rettype[ret[c]], "rump_sys_" api[c]) "(" \
		    params(c) ") __attribute__((alias(\"rump_sys_" name[c] \
		    "\")));", "    ")
	}
}

# --- The kernel's side -----------------------------------------------------

function write_sysnum_h(	c)
{
	head("The kernel's own numbers of its calls, and the host's.")
	print "#ifndef SYSCALLS_SYSNUM_H"
	print "#define SYSCALLS_SYSNUM_H"
	print ""
	print "enum rsys {"
	print "\tRSYS_NONE = 0,\t\t/* none of ours */"
	for (c = 1; c <= ncalls; c++)
		print "\tRSYS_" name[c] ","
	print "\tRSYS_MAX"
	print "};"
	print ""
	print "/* The host's numbers, for " arch ". */"
	for (c = 1; c <= ncalls; c++)
		if (hostnr[c] != "-")
			print "#define HOSTNR_" name[c] "\t" hostnr[c]
	print ""
	print "#endif"
}

function write_sysargs_h(	c, i, t)
{
	head("The arguments of each call, and who does it.")
	print "#ifndef SYSCALLS_SYSARGS_H"
	print "#define SYSCALLS_SYSARGS_H"
	print ""
	print "#include <stdint.h>"
	print "#include <sys/types.h>"
	print ""
	print "#include \"rumpkern/kern.h\""
	print ""
	print "struct lwp;"
	for (i = 1; i <= nstructs; i++)
		print structs[i] ";"
	print ""
	print "/* A register each: a long args[6] is any of these. */"
	print "#define SYSARG\t__attribute__((aligned(8)))"
	for (c = 1; c <= ncalls; c++) {
		print ""
		print "struct sys_" name[c] "_args {"
		for (i = 1; i <= nargs[c]; i++) {
			t = atype[c, i]
			if (t in kerntype)
				t = kerntype[t]
			print "\t" declare(t, aname[c, i]) " SYSARG;"
		}
		if (nargs[c] == 0)
			print "\tlong none;"
		print "};"
		if (type[c] == "real") {
			print "int\tsys_" name[c] "(struct lwp *,"
			print "\t    const struct sys_" name[c] \
			    "_args *, long *);"
		}
	}
	print ""
	print "#undef SYSARG"
	print ""
	print "#endif"
}

function alias_func(c,	t, i, a, used)
{
	t = bynames[target[c]]
	if (t == "" || type[t] != "real" || ntargs[c] != nargs[t])
		fail(name[c] ": cannot be " target[c])
	print ""
	print "static int"
	print "alias_" name[c] "(struct lwp *l, const struct sys_" name[c] \
	    "_args *a,"
	print "    long *retval)"
	print "{"
	print "\tconst struct sys_" target[c] "_args b = {"
	used = 0
	for (i = 1; i <= ntargs[c]; i++) {
		a = targ[c, i]
		if (isarg(c, a)) {
			used = 1
			a = "a->" a
		}
		print "\t\t." aname[t, i] " = " a ","
	}
	print "\t};"
	print ""
	if (!used)
		print "\t(void)a;"
	print "\treturn sys_" target[c] "(l, &b, retval);"
	print "}"
}

function isarg(c, n,	i)
{
	for (i = 1; i <= nargs[c]; i++)
		if (aname[c, i] == n)
			return 1
	return 0
}

function write_sysent_c(	c, i)
{
	head("The dispatch table.")
	print "#include \"syscalls/sysargs.h\""
	print "#include \"syscalls/sysdef.h\""
	print "#include \"syscalls/sysnum.h\""
	print ""
	print "#include <fcntl.h>"
	for (c = 1; c <= ncalls; c++)
		if (type[c] == "alias")
			alias_func(c)
	print ""
	print "const struct sysent sysent[RSYS_MAX] = {"
	print "\t[RSYS_NONE] = { NULL, ENOSYS, 0 },"
	for (c = 1; c <= ncalls; c++) {
		printf "\t[RSYS_%s] = { ", name[c]
		if (type[c] == "nosys")
			printf "NULL, %s, %d },\n", error[c], nargs[c]
		else
			printf "(sysent_fn)%s_%s, 0, %d },\n",
			    type[c] == "real" ? "sys" : "alias", name[c],
			    nargs[c]
	}
	print "};"
	print ""
	print "const uint16_t sys_ofhost[SYS_HOSTMAX] = {"
	for (i = 0; i < 512; i++)
		if (i in bynr)
			print "\t[" i "] = RSYS_" name[bynr[i]] ","
	print "};"
}

# --- The tracer's table ----------------------------------------------------

function write_trace_c(	c, i, k, n, s)
{
	head("What the tracer knows of each call.")
	print "#include \"syscalls/sysdef.h\""
	print "#include \"syscalls/sysnum.h\""
	print ""
	print "const struct sysdesc sysdesc[RSYS_MAX] = {"
	print "\t[RSYS_NONE] = { \"syscall\", SYSRET_LONG, 0, {"
	print "\t    { SYSARG_NONE, 0 } } },"
	for (c = 1; c <= ncalls; c++) {
		printf "\t[RSYS_%s] = { \"%s\", SYSRET_%s, %d, {\n", name[c],
		    name[c], upper(ret[c]), nargs[c]
		s = ""
		for (i = 1; i <= nargs[c]; i++) {
			k = kind[c, i]
			n = 0
			if (argof[c, i] != "" && k != "const")
				n = position(c, argof[c, i])
			s = s (i > 1 ? ", " : "") "{ SYSARG_" upper(k) ", " \
			    n " }"
		}
		if (s == "")
			s = "{ SYSARG_NONE, 0 }"
		printf "\t    "
		wrap(s " } },", "\t    ")
	}
	print "};"
}

# --- The shim's table ------------------------------------------------------

function field(f, n)
{
	return ", .hc_" f " = " n
}

function follow_bits(k, sfx)
{
	if (k == "lpath")
		return " | HC_NOFOLLOW" sfx
	if (k == "npath")
		return " | HC_NOFOLLOW" sfx " | HC_NEWNAME" sfx
	return ""
}

function route_fields(c,	i, k, s, bits, nfd, npath, dir)
{
	s = ""
	bits = ret[c] == "fd" ? " | HC_RETFD" : ""
	nfd = npath = dir = 0
	for (i = 1; i <= nargs[c]; i++) {
		k = kind[c, i]
		if (k == "fd" || k == "fdin" || k == "fdout")
			s = s field(++nfd == 1 ? "fd" : "fd2", i)
		if (k == "fdin")
			s = s field("in", i)
		if (k == "fdout")
			s = s field("out", i)
		if (k == "dirfd")
			dir = i
		if (k == "path" || k == "lpath" || k == "npath") {
			npath++
			s = s field(npath == 1 ? "path" : "path2", i)
			if (dir)
				s = s field(npath == 1 ? "dirfd" : "dirfd2",
				    dir)
			bits = bits follow_bits(k, npath == 1 ? "" : "2")
			dir = 0
		}
		if (k == "atflags")
			s = s field("atflags", i)
		if (k == "oflags")
			s = s field("oflags", i)
		if (k == "fdpair") {
			s = s field("pair", i)
			bits = bits " | HC_PAIR"
		}
	}
	if (bits != "")
		s = s field("bits", substr(bits, 4))
	return s
}

function write_route_c(	c, i)
{
	head("How the shim routes each call of the host (" arch ").")
	print "#include \"syscalls/sysnum.h\""
	print "#include \"syscalls/sysroute.h\""
	print ""
	print "const struct hj_callinfo hj_callinfo[HJ_NCALLS] = {"
	for (i = 0; i < 512; i++) {
		if (!(i in bynr))
			continue
		c = bynr[i]
		printf "\t"
		wrap("[" i "] = { .hc_rsys = RSYS_" name[c] \
		    ", .hc_route = HR_" upper(route[c]) ", .hc_nargs = " \
		    nargs[c] route_fields(c) " },", "\t    ")
	}
	print "};"
	print ""
	print "unsigned char hj_route[HJ_NCALLS] = {"
	for (i = 0; i < 512; i++)
		if (i in bynr && route[bynr[i]] != "host")
			print "\t[" i "] = HR_" upper(route[bynr[i]]) ","
	print "};"
}

# --- The manual's table ----------------------------------------------------

function write_man(	c, i, n, best, done, list)
{
	print ".\\\" SPDX-License-Identifier: BSD-2-Clause"
	print ".\\\" Made by scripts/mksyscalls.awk."
	print ".Bl -column \"copy_file_range\" \"routed by\" \"done by rump\""
	print ".It Sy call Ta Sy routed by Ta Sy done by rump"
	n = 0
	for (c = 1; c <= ncalls; c++)
		if (route[c] != "host" || type[c] != "nosys")
			list[++n] = c
	for (i = 1; i <= n; i++) {
		best = 0
		for (c = 1; c <= n; c++)
			if (!(c in done) &&
			    (!best || name[list[c]] < name[list[best]]))
				best = c
		done[best] = 1
		c = list[best]
		print ".It Ic " name[c] " Ta " routetext(c) " Ta " donetext(c)
	}
	print ".El"
}

function routetext(c,	r)
{
	r = route[c]
	if (r == "fd" || r == "fd2")
		return "descriptor"
	if (r == "path" || r == "pathat" || r == "path2")
		return "path"
	if (r == "fdpath")
		return "descriptor, path"
	return r == "make" ? "request" : r == "special" ? "call" : r
}

function donetext(c)
{
	if (type[c] != "nosys")
		return "yes"
	if (route[c] == "process")
		return "follows"
	return error[c] == "0" ? "no effect" : "Er " error[c]
}

END {
	if (failed)
		exit 1
	if (pending != "")
		parse_call(pending)
	if (out == "api_h")
		write_api_h()
	else if (out == "api_c")
		write_api_c()
	else if (out == "sysnum_h")
		write_sysnum_h()
	else if (out == "sysargs_h")
		write_sysargs_h()
	else if (out == "sysent_c")
		write_sysent_c()
	else if (out == "trace_c")
		write_trace_c()
	else if (out == "route_c")
		write_route_c()
	else if (out == "man")
		write_man()
	else
		fail("unknown kind of output: " out)
}
