#!/usr/bin/env bash
# Tells the people on duty: publishes standard input to the SNS topic CELLSTAMP_NOTIFY_TOPIC, which sends it to whoever subscribed.
#
# notify.sh SUBJECT <TEXT
set -euo pipefail

(($# == 1)) || { echo 'usage: notify.sh SUBJECT <TEXT' >&2; exit 2; }
topic=${CELLSTAMP_NOTIFY_TOPIC:?notify.sh: CELLSTAMP_NOTIFY_TOPIC is not set; it must be the ARN of an SNS topic}
# A message has 256 KiB at most and a subject 100 characters; the run has the whole text.
text=$(head -c 30000)
IFS=: read -r _ _ _ region _ <<<"$topic"
aws sns publish --region "$region" --topic-arn "$topic" --subject "${1:0:100}" --message "${text:-(no text)}" --output text >/dev/null
