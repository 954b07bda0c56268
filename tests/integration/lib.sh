# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What the integration tests share: the same script on host tmpfs and on rump.
#
# A test sources this file and calls, for each case,
#
#	t NAME [SHELL] <<'EOF'
#	script
#	EOF
#
# The script runs twice, in an empty directory: on the host's tmpfs, and under
# the shim below /rump. What it wrote, its exit status, and a manifest of what
# it left (types, modes, owners, links, sizes, times that were set, contents,
# targets) must be the same. The script finds
#
#	DIR	its directory, the current one, as long a name on both sides
#	OTHER	a directory of the host's on another file system than DIR
#	SIDE	host or rump; only the tests of this file look at it
#
# `need PROGRAM...` before a case skips it where one is missing; todo=REASON
# before a case expects it to fail: a known limit. `check NAME
# COMMAND...` passes when the command does, for what has no host to compare
# with. `finish` ends the test.
#
# RUN_OPTIONS, set by a test, goes to rumphijack-run.
#
# RUMPHIJACK_RUN	the rumphijack-run to test
# TEST_SELF=yes		run the second side on the host too
# TEST_CASE=PATTERN	run only the cases whose names match
# TEST_SHOW=yes		print what the host's side did
# CASE_TIMEOUT		seconds for one side of a case (default 60)

test_name=$(basename "$0" .test)
test_dir=$(cd "$(dirname "$0")" && pwd)
top_srcdir=${top_srcdir:-$(cd "$test_dir/../.." && pwd)}
: "${CASE_TIMEOUT:=60}"
export top_srcdir

T=$(mktemp -d "/dev/shm/rt.XXXXXX") || exit 99
OTHER_TOP=$(mktemp -d "/var/tmp/rt.XXXXXX") || exit 99
trap 'cd /; chmod -R u+rwx "$T" "$OTHER_TOP" 2>/dev/null
	rm -rf "$T" "$OTHER_TOP"' EXIT
trap 'exit 130' INT TERM HUP

# As long as $T/work: messages then have the same length.
host_dir=$T/work
rump_dir=/rump/$(printf %s "$host_dir" | tr / _ | cut -c7-)
if [ "${TEST_SELF-}" = yes ]; then
	rump_dir=$T/krow
	RUMPHIJACK_RUN=
elif [ -z "${RUMPHIJACK_RUN-}" ]; then
	echo "Bail out! RUMPHIJACK_RUN is not set"
	exit 99
fi

count=0
failed=0
skip=
todo=

# Runs on each side: make the directory, run the script, write the manifest.
cat >"$T/side" <<'EOF'
mkdir -p "$DIR" "$DIR.tmp" && cd "$DIR" || exit 99
TMPDIR=$DIR.tmp HOME=$DIR $CASE_SHELL "$T/script" \
	<"$T/stdin" >"$T/$SIDE.out" 2>"$T/$SIDE.err"
echo "exit status $?" >"$T/$SIDE.status"
manifest()
{
	cd "$1" || return
	find . -printf '%p %y %m %n %U:%G -> %l' \
		\( -type d -printf ' -' -o -printf ' %s' \) \
		-printf ' %T@\n' | sort |
		awk '{ if ($NF > 1700000000) $NF = "recent"; print }'
	find . -type f -print0 | sort -z | xargs -0r sha256sum
}
{
	manifest "$DIR"
	echo "other:"
	manifest "$OTHER"
} >"$T/$SIDE.tree" 2>&1
cd /
chmod -R u+rwx "$DIR" 2>/dev/null
rm -rf "$DIR" "$DIR.tmp"
EOF

# side NAME DIRECTORY [COMMAND-PREFIX...]
side()
{
	SIDE=$1
	DIR=$2
	OTHER=$OTHER_TOP/$1
	shift 2
	rm -rf "$host_dir"
	mkdir -p "$OTHER"
	for file in out err status tree; do
		: >"$T/$SIDE.$file"
	done
	env -u RUMPHIJACK -u CDPATH -u ENV -u BASH_ENV \
		LC_ALL=C TZ=UTC0 PAGER=cat TERM=dumb \
		T="$T" SIDE="$SIDE" DIR="$DIR" OTHER="$OTHER" \
		CASE_SHELL="$CASE_SHELL" RUN="${RUMPHIJACK_RUN-}" \
		setsid -w sh -c 'echo $$ >"$T/sid"; exec "$@"' sh \
		timeout -k 5 "$CASE_TIMEOUT" "$@" sh "$T/side" \
		>"$T/$SIDE.outer" 2>&1
	status=$?
	# What a case that hung has left behind goes with it.
	left=$(ps -o pid= -s "$(cat "$T/sid")")
	[ -z "$left" ] || kill -9 $left 2>/dev/null
	[ "$status" -eq 0 ] || echo "side status $status" >>"$T/$SIDE.status"
	cat "$T/$SIDE.outer" >>"$T/$SIDE.err"
	for file in out err tree; do
		sed -i -e "s|$DIR|@DIR@|g" -e "s|$OTHER|@OTHER@|g" \
			"$T/$SIDE.$file"
	done
	rm -rf "$OTHER"
}

report()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $test_name::$2${todo:+ # TODO $todo}"
	else
		echo "not ok $count - $test_name::$2${todo:+ # TODO $todo}"
		[ -n "$todo" ] || failed=$((failed + 1))
	fi
	todo=
}

need()
{
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 ||
			skip="no $program here"
	done
}

# for_others: any user may run the shim from here on, wherever the build is.
for_others()
{
	[ -n "$RUMPHIJACK_RUN" ] || return 0
	mkdir "$T/.libs"
	cp "$(dirname "$RUMPHIJACK_RUN")/.libs/librumphijack.so" "$T/.libs"
	cp "$RUMPHIJACK_RUN" "$T"
	chmod 755 "$T"
	RUMPHIJACK_RUN=$T/rumphijack-run
}

# need_if REASON COMMAND...: run the next case only where the command works.
need_if()
{
	reason=$1
	shift
	"$@" >/dev/null 2>&1 || skip=$reason
}

wanted()
{
	# shellcheck disable=SC2254 # a pattern
	case $1 in
	${TEST_CASE:-*}) ;;
	*)
		skip=''
		todo=''
		return 1
		;;
	esac
	if [ -n "$skip" ]; then
		count=$((count + 1))
		echo "ok $count - $test_name::$1 # SKIP $skip"
		skip=
		todo=
		return 1
	fi
}

t()
{
	cat >"$T/script"
	: >"$T/stdin"
	wanted "$1" || return 0
	CASE_SHELL=${2:-sh}
	side host "$host_dir"
	if [ "${TEST_SELF-}" = yes ]; then
		side rump "$rump_dir"
	else
		# shellcheck disable=SC2086 # several
		side rump "$rump_dir" "$RUMPHIJACK_RUN" ${RUN_OPTIONS-} --
	fi
	[ -n "${TEST_SHOW-}" ] && tail -n +1 "$T"/host.* | sed 's/^/# /'
	same=0
	for file in status out err tree; do
		diff -a -U1 "$T/host.$file" "$T/rump.$file" \
			>"$T/diff.$file" 2>&1 || same=1
	done
	# Two that hang are alike, and no good.
	if grep -qE '^side status (124|137)$' "$T/host.status"; then
		echo "# the host's side took longer than $CASE_TIMEOUT s"
		same=1
	fi
	report "$same" "$1"
	[ "$same" -eq 0 ] && return
	for file in status out err tree; do
		[ -s "$T/diff.$file" ] && echo "# $file differs:" &&
			head -n 20 "$T/diff.$file" | tail -n +3 | tr -d '\000' |
			sed 's/^/#   /'
	done
	return 0
}

check()
{
	wanted "$1" || return 0
	case_name=$1
	shift
	"$@" >"$T/check.out" 2>&1
	status=$?
	report "$status" "$case_name"
	[ "$status" -eq 0 ] || head -n 20 "$T/check.out" | sed 's/^/#   /'
	return 0
}

finish()
{
	echo "1..$count"
	[ "$failed" -eq 0 ]
	exit
}
