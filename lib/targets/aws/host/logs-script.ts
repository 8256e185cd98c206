import { hostState } from './boot.ts';

export const logsScriptPath = '/usr/local/lib/cellstamp/ship-logs';

export interface LogsScript {
  readonly region: string;
  readonly logGroup: string;
  /** Name of the log stream: the host's name. */
  readonly stream: string;
  /** Where the place in the journal is kept. @default /var/lib/cellstamp/host */
  readonly stateDirectory?: string;
}

/** What a batch may span: PutLogEvents refuses one of more than 24 hours. */
const longestSpanHours = 23;

/** Lines sent at once, and their longest length: below the 1 MiB that PutLogEvents takes, 26 bytes a line included. */
const linesAtOnce = 500;
const longestLine = 2000;

/** The script that sends the journal to CloudWatch Logs once a minute, from where it left off. */
export function logsScript({ region, logGroup, stream, stateDirectory = hostState }: LogsScript): string {
  return `#!/bin/bash
# Sends the journal to the log group ${logGroup}: run once a minute by cellstamp-logs.timer. The place in the
# journal moves on only after CloudWatch has taken the lines.
set -euo pipefail
export AWS_DEFAULT_REGION='${region}'
state=${stateDirectory}
cursor=$state/journal-cursor
mkdir -p "$state"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A longer line is cut; its bytes count, not its characters.
to_events='[.[] | select(.MESSAGE | type == "string") | {
  timestamp: (.__REALTIME_TIMESTAMP | tonumber / 1000 | floor),
  message: "\\(.SYSLOG_IDENTIFIER // ._COMM // "?"): \\(.MESSAGE)"
} | .message |= (if utf8bytelength > ${longestLine} then .[0:${longestLine / 4}] else . end)] | sort_by(.timestamp)'

while :; do
  from=(--boot)
  [[ ! -s $cursor ]] || from=(--after-cursor="$(<"$cursor")")
  # head ends first, and the journal's reader dies of it.
  { journalctl --quiet --output=json "\${from[@]}" || true; } | head -n ${linesAtOnce} >"$work/lines"
  [[ -s $work/lines ]] || exit 0
  # CloudWatch refuses a batch over more than 24 hours: after a day of silence, or when the clock was set.
  within=$(jq --slurp --raw-output 'map(.__REALTIME_TIMESTAMP | tonumber / 3.6e9) | . as $at
    | [range(length) | select(($at[.] - $at[0] | fabs) > ${longestSpanHours})] | first // ($at | length)' "$work/lines")
  head -n "$within" "$work/lines" >"$work/batch"
  mv "$work/batch" "$work/lines"
  jq --slurp "$to_events" "$work/lines" >"$work/events"
  if [[ $(jq length "$work/events") != 0 ]]; then
    if ! answer=$(aws logs put-log-events --log-group-name '${logGroup}' --log-stream-name '${stream}' \\
      --log-events "file://$work/events" 2>&1); then
      [[ $answer == *ResourceNotFoundException* ]] || { echo "$answer" >&2; exit 1; }
      aws logs create-log-stream --log-group-name '${logGroup}' --log-stream-name '${stream}'
      continue
    fi
  fi
  tail -n 1 "$work/lines" | jq -r .__CURSOR >"$cursor.new"
  mv "$cursor.new" "$cursor"
done
`;
}
