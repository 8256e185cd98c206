#!/usr/bin/env bash
# Runs `npx cellstamp rollout` with the audit log of the branch `rollouts`, which is never merged, and adds there what the roll-out did,
# whatever its outcome. If another job pushed first, the lines are added to its version.
#
# rollout.sh cell|fleet ARGUMENT...    Exit status: that of the roll-out; 1 when its log could not be read or kept
set -euo pipefail

(($# >= 1)) || { echo 'usage: rollout.sh cell|fleet ARGUMENT...' >&2; exit 2; }
file=rollout-audit.ndjson

# Prints the log of the branch, and sets `before` to what a commit after it begins with. No branch is an empty log; an origin that can't be
# asked (any status but 2) is none: what earlier roll-outs did would be forgotten.
kept() {
  local known=0
  before=()
  git ls-remote --exit-code origin refs/heads/rollouts >/dev/null || known=$?
  ((known != 2)) || return 0
  ((known == 0)) && git fetch --quiet origin rollouts && before=(-p "$(git rev-parse FETCH_HEAD)") &&
    git show "FETCH_HEAD:$file"
}

kept >"$file" || { echo "rollout.sh: the log on the branch rollouts can't be read, so nothing was done" >&2; exit 1; }
known=$(wc -c <"$file")
status=0
# A signal is for the roll-out, which ends at the end of its step; what it did is still kept.
trap : INT TERM
npx cellstamp rollout "$@" || status=$?
added=$(tail -c "+$((known + 1))" "$file")
[ -n "$added" ] || exit "$status"

for pause in 1 2 4 8 0; do
  if { kept && printf '%s\n' "$added"; } >"$file.new"; then
    tree=$(printf '100644 blob %s\t%s\n' "$(git hash-object -w "$file.new")" "$file" | git mktree)
    commit=$(git commit-tree "$tree" "${before[@]}" -m "rollout $1 ${2-}")
    if git push --quiet origin "$commit:refs/heads/rollouts"; then
      mv "$file.new" "$file"
      exit "$status"
    fi
  fi
  sleep "$pause"
done
rm "$file.new"
echo "rollout.sh: the log could not be pushed to the branch rollouts; it is in $file" >&2
exit 1
