/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls netfuzz makes, one row a call: name, weight, arguments, function.
 *
 * A letter of the arguments names a kind; netfuzz_gen.c picks and prints it:
 * f descriptor, s slot for a new descriptor, D domain, T type, a address,
 * l length of an address, n length, b buffer to send, B buffer to fill,
 * m message flags, c control message, o option, v its value, r events,
 * i small number.
 */

#define NETFUZZ_OPS(X)              \
	X(socket, 40, "DTis")       \
	X(socketpair, 20, "DTiss")  \
	X(pair, 40, "isssi")        \
	X(bind, 50, "fal")          \
	X(connect, 50, "fal")       \
	X(listen, 18, "fi")         \
	X(accept, 30, "fils")       \
	X(getname, 20, "fil")       \
	X(shutdown, 14, "fi")       \
	X(close, 20, "f")           \
	X(dup, 6, "fsi")            \
	X(send, 60, "fbnm")         \
	X(sendto, 50, "fbnmal")     \
	X(write, 16, "fbni")        \
	X(sendmsg, 50, "fbnmalci")  \
	X(sendmmsg, 12, "fbnmaici") \
	X(recv, 60, "fBnm")         \
	X(recvfrom, 40, "fBnml")    \
	X(read, 16, "fBni")         \
	X(recvmsg, 50, "fBnmlisi")  \
	X(recvmmsg, 12, "fBnmi")    \
	X(setsockopt, 50, "fovi")   \
	X(getsockopt, 40, "foi")    \
	X(ioctl, 16, "fi")          \
	X(fcntl, 12, "fi")          \
	X(poll, 14, "rri")          \
	X(select, 8, "rri")         \
	X(epoll_create, 8, "is")    \
	X(epoll_ctl, 36, "ffir")    \
	X(epoll_wait, 24, "fi")     \
	X(eventfd, 8, "iis")        \
	X(timerfd, 6, "is")         \
	X(pipe, 6, "ss")            \
	X(sendfile, 8, "fni")       \
	X(splice, 8, "fni")         \
	X(exotic, 8, "fi")          \
	X(name, 8, "ii")            \
	X(bulk, 2, "iin")

#define DECLARE(name, weight, spec) \
	long op_##name(struct side *, const struct op *);
NETFUZZ_OPS(DECLARE)
#undef DECLARE

#define A(i)  (o->arg[i])
#define FD(i) arg_fd(s, A(i))
