#!/usr/bin/env bash
# Plans the fleet's capacity and pushes what the plan writes to the branch `plan`, for a person to merge. What the next plan has
# to know goes to the branch `planning-state`, which nobody merges; the push is refused when another plan was faster.
#
# plan.sh [OPTION OF GIT PUSH...]    leaves plan.txt and plan.html
# Exit status: 0 nothing to merge, 2 something on the branch `plan`, 1 error; then nothing was pushed.
set -euo pipefail

state=(planning-state.json planning-audit.ndjson)

# Whether the origin has a branch. Where it can't be asked (any status but 2) there is no telling: the plan would forget what is known.
has() {
  local known=0
  git ls-remote --exit-code origin "refs/heads/$1" >/dev/null || known=$?
  ((known == 0 || known == 2)) || { echo "plan.sh: the branch $1 can't be asked for, so there is no plan" >&2; exit 1; }
  return "$known"
}

before=()
if has planning-state; then
  git fetch --quiet origin planning-state
  before=(-p "$(git rev-parse FETCH_HEAD)")
  git restore --source=FETCH_HEAD -- "${state[@]}"
fi

# The outcomes of deployments since then: a stamped cell gets tenants once it is proved.
if has deploys; then
  git fetch --quiet origin deploys
  git show FETCH_HEAD:planning-deploys.ndjson >planning-deploys.ndjson
fi

status=0
npx cellstamp plan --html plan.html --write >plan.txt || status=$?
cat plan.txt
((status == 0 || status == 2)) || exit 1

proposed=0
git switch --quiet --force-create plan
git add cells planning.yaml
if ! git diff --cached --quiet; then
  git commit --quiet --message 'Capacity plan'
  git push --quiet --force "$@" origin plan
  proposed=2
fi

tree=$(for file in "${state[@]}"; do
  printf '100644 blob %s\t%s\n' "$(git hash-object -w "$file")" "$file"
done | git mktree)
commit=$(git commit-tree "$tree" "${before[@]}" -m 'What the next plan has to know')
git push --quiet origin "$commit:refs/heads/planning-state"
exit "$proposed"
