#!/usr/bin/env bash
# Compares the front and every cell that is to stand with what is there, and tells the people on duty of each that differs or can't be
# compared. Run it on the commit that is deployed: what is merged and not deployed yet would count as a difference.
#
# drift.sh    leaves drift.txt. Exit status: 0 no difference, 1 a difference or an error
set -euo pipefail

(($# == 0)) || { echo 'usage: drift.sh' >&2; exit 2; }
tell() { examples/pipeline/notify.sh "$1" <drift.txt; }
: >drift.txt
# All stacks differ from the empty tree.
if ! waves=$(npx cellstamp rollout waves "$(git hash-object -t tree /dev/null)" 2>drift.txt); then
  cat drift.txt >&2
  tell 'No stack was compared: the fleet has errors'
  exit 1
fi
differ=()
failed=()
: >drift.txt
for stack in $(jq -r '.[][]' <<<"$waves"); do
  status=0
  npx tsx examples/pipeline/terraform-stack.ts drift "$stack" </dev/null >>drift.txt 2>&1 || status=$?
  case $status in
    0) ;;
    3) differ+=("$stack") ;;
    *) failed+=("$stack") ;;
  esac
done
cat drift.txt
((${#differ[@]} == 0)) || tell "Differs from its stack: ${differ[*]}"
((${#failed[@]} == 0)) || tell "Can't be compared: ${failed[*]}"
((${#differ[@]} + ${#failed[@]} == 0))
