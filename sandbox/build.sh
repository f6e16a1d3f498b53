#!/bin/sh
# Builds the sandbox and says how far it is: the first time this compiles a
# Kubernetes control plane.
# Usage: build.sh FILE [BUILD FLAG]...
# FILE is an absolute path; the go command is in $GO, "go" by default.
set -eu
file=$1 go=${GO:-go}
shift

# One line for each package that the build cache does not have.
todo=$($go -C "$(dirname "$0")" list -deps -f '{{.StaleReason}}' .)
todo=$(printf '%s\n' "$todo" | grep -c . || :)
[ "$todo" -lt 500 ] || echo "building the sandbox: about $todo packages, which takes about 8 minutes on two cores, once"

# Go links again unless it finds under the new name what it would link.
rm -f "$file.new"
[ ! -f "$file" ] || ln "$file" "$file.new" 2>/dev/null || :

# A pipe has the exit code of its last command only: go's is its last line.
{
	code=0
	$go -C "$(dirname "$0")" build -v -o "$file.new" "$@" . 2>&1 || code=$?
	echo "go build has ended: $code"
} | {
	n=0
	while IFS= read -r line; do
		case $line in
		"go build has ended: "*)
			exit "${line##* }"
			;;
		"" | *[!A-Za-z0-9._/~-]*) # not a package
			printf '%s\n' "$line" >&2
			;;
		*)
			n=$((n + 1))
			[ $((n % 50)) -ne 0 ] || echo "  $n of about $todo packages"
			[ "$line" != datahub.io/slipway/sandbox ] || echo "  linking"
			;;
		esac
	done
	exit 1
}
if [ "$file.new" -ef "$file" ]; then
	rm "$file.new"
else
	mv "$file.new" "$file"
fi
