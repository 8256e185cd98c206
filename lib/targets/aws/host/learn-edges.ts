import { paths as kamailio } from '../../../software/kamailio/sbc/paths.ts';
import { ownerProgram } from '../../../software/postgresql/owner.ts';
import type { FrontSpec } from '../../../fleet/schema/front.ts';
import { sitePath } from '../site.ts';
import { hostState } from './boot.ts';
import { timed } from './timer.ts';

const scriptPath = '/usr/local/lib/cellstamp/learn-edges';

/** The units and the script's path, for the place of an SBC. */
export const learnEdges = {
  path: scriptPath,
  ...timed({ name: 'cellstamp-edges', description: 'Edges of the front', command: scriptPath, every: 'minute' }),
};

/** Where the front's stack says which addresses its edges have, a list of a few hundred at most, and where its keys are. */
export interface EdgeList {
  /** Name of the parameter. */
  readonly parameter: string;
  /** Name of the secret with the front's keys: `EdgeKeys` as JSON. */
  readonly keysSecret: string;
  /** Region of the parameter and of the secret. */
  readonly region: string;
  /** Where is kept what the database has. @default /var/lib/cellstamp/host */
  readonly stateDirectory?: string;
}

/** Where the stack of a front leaves its list. */
export function edgeList({ name, regions }: Pick<FrontSpec, 'name' | 'regions'>): EdgeList {
  const path = sitePath({ name });
  return { parameter: `${path}/edges`, keysSecret: `${path.slice(1)}/edge-keys`, region: regions[0]!.region };
}

export function learnEdgesScript({ parameter, keysSecret, region, stateDirectory = hostState }: EdgeList): string {
  return `#!/bin/bash
# Makes this SBC take requests from the edges of the front, with proofs under the front's keys, and from no others: run once a minute
# by cellstamp-edges.timer. The running Kamailio gets them at once; the database keeps them for its next start.
set -euo pipefail
stored=${stateDirectory}/edges
kamailio=(kamcmd -s unix:${kamailio.control})

sql() { ${ownerProgram} --set=ON_ERROR_STOP=1; }

# Keys first: an edge that has just been made known proves what it says. They go over no command line; Kamailio reads them from the
# database, all at once.
if keys=$(aws secretsmanager get-secret-value --region '${region}' --secret-id '${keysSecret}' \\
  --query SecretString --output text) && rows=$(jq -er '
    . as {$current, $keys} | $keys | to_entries
    | if $keys[$current] and all(.key + .value | test("^[0-9a-f]{68}$")) then .[] else error end
    | [.key, .value, .key == $current] | join(" ")' <<<"$keys" 2>/dev/null); then
  if ! sha256sum --check --status "$stored-keys" 2>/dev/null <<<"$rows"; then
    {
      echo 'BEGIN; DELETE FROM cellstamp.edge_keys;'
      while read -r id key current; do
        echo "INSERT INTO cellstamp.edge_keys VALUES ('$id', '$key', $current);"
      done <<<"$rows"
      echo 'COMMIT;'
    } | sql
    "\${kamailio[@]}" htable.reload edge_keys >/dev/null
    sha256sum <<<"$rows" >"$stored-keys"
    echo "learn-edges: the keys of the front are $(cut -d ' ' -f 1 <<<"$rows" | paste -sd ' ')"
  fi
else
  echo "learn-edges: the keys of the front can't be read; what was known stays" >&2
fi

wanted=$(aws ssm get-parameter --region '${region}' --name '${parameter}' --query Parameter.Value --output text |
  tr ',' '\\n' | sort)
if [[ -z $wanted ]] || grep -qvE '^([0-9]{1,3}[.]){3}[0-9]{1,3}$' <<<"$wanted"; then
  echo "learn-edges: \${wanted:-nothing} is not a list of addresses; the known ones stay" >&2
  exit 1
fi
known=$("\${kamailio[@]}" htable.dump edges | awk '$1 == "name:" { print $2 }' | sort)
for address in $(comm -13 <(echo "$known") <(echo "$wanted")); do
  "\${kamailio[@]}" htable.seti edges "s:$address" 1 >/dev/null
  echo "learn-edges: $address is an edge"
done
for address in $(comm -23 <(echo "$known") <(echo "$wanted")); do
  "\${kamailio[@]}" htable.delete edges "s:$address" >/dev/null
  echo "learn-edges: $address is no longer an edge"
done

if [[ $(cat "$stored" 2>/dev/null) != "$wanted" ]]; then
  {
    echo 'BEGIN; DELETE FROM cellstamp.edges;'
    sed "s/.*/INSERT INTO cellstamp.edges VALUES ('&');/" <<<"$wanted"
    echo 'COMMIT;'
  } | sql
  echo "$wanted" >"$stored"
fi
`;
}
