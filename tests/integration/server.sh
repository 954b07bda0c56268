# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What a case does with servers: sourced by the cases, on either side.

PATH=$PATH:/usr/sbin:/sbin

# port [HOW-MANY]: TCP ports that nobody uses.
port()
{
	perl -MIO::Socket::INET -e '
		@s = map { IO::Socket::INET->new(Listen => 1,
			LocalAddr => "127.0.0.1") } 1 .. shift;
		print join(" ", map { $_->sockport } @s), "\n"' "${1-1}"
}

# up PORT [ADDRESS]: wait until connections are accepted there.
up()
{
	perl -MIO::Socket::IP -e '
		for (1 .. 2000) {
			exit 0 if IO::Socket::IP->new(PeerPort => $ARGV[0],
				PeerHost => $ARGV[1] // "127.0.0.1");
			select undef, undef, undef, 0.01;
		}
		print "nobody listens\n"; exit 1' "$@"
}

# wait_for COMMAND...: until it succeeds.
wait_for()
{
	tries=0
	until "$@" >/dev/null 2>&1; do
		[ $((tries += 1)) -le 1000 ] || {
			echo "in vain: $*"
			return 1
		}
		sleep 0.02
	done
}

# stop PID [SIGNAL]: end a server and print its exit status.
stop()
{
	kill "-${2-TERM}" "$1"
	wait "$1" 2>/dev/null
	echo "server $?"
}
