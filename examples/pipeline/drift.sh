#!/usr/bin/env bash
# Compares the front and every cell that is to stand with what is there, and tells the people on duty of each that differs or can't be
# compared. Run it on the commit that is deployed: what is merged and not deployed yet would count as a difference.
#
# drift.sh    leaves drift.txt. Exit status: 0 no difference, 1 a difference or an error
set -euo pipefail

(($# == 0)) || { echo 'usage: drift.sh' >&2; exit 2; }
# All stacks differ from the empty tree.
stacks=$(npx cellstamp rollout waves "$(git hash-object -t tree /dev/null)" | jq -r '.[][]')
differ=()
: >drift.txt
for stack in $stacks; do
  npx tsx examples/pipeline/terraform-stack.ts drift "$stack" </dev/null >>drift.txt 2>&1 || differ+=("$stack")
done
cat drift.txt
((${#differ[@]} > 0)) || exit 0
examples/pipeline/notify.sh "Differs from its stack: ${differ[*]}" <drift.txt
exit 1
