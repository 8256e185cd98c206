import { paths as kamailio } from '../../software/kamailio/sbc/paths.ts';
import { schemaServicePath } from '../../software/postgresql/schema.ts';
import type { FrontSpec } from '../../spec/front.ts';
import { sitePath } from '../site.ts';
import { hostState } from './boot.ts';
import { minutely } from './timer.ts';

const scriptPath = '/usr/local/lib/cellstamp/learn-edges';

/** The units and the script's path, for the place of an SBC. */
export const learnEdges = { path: scriptPath, ...minutely('cellstamp-edges', 'Edges of the front', scriptPath) };

/** Where the front's stack says which addresses its edges have: a list of a few hundred at most. */
export interface EdgeList {
  /** Name of the parameter. */
  readonly parameter: string;
  /** Region of the parameter. */
  readonly region: string;
  /** Where is kept what the database has. @default /var/lib/cellstamp/host */
  readonly stateDirectory?: string;
}

/** Where the stack of a front leaves its list. */
export function edgeList({ name, regions }: Pick<FrontSpec, 'name' | 'regions'>): EdgeList {
  return { parameter: `${sitePath({ name })}/edges`, region: regions[0]!.region };
}

export function learnEdgesScript({ parameter, region, stateDirectory = hostState }: EdgeList): string {
  return `#!/bin/bash
# Makes this SBC take requests from the edges of the front, and from no others: run once a minute by cellstamp-edges.timer.
# Kamailio is told at once; the database has them for its next start.
set -euo pipefail
stored=${stateDirectory}/edges
kamailio=(kamcmd -s unix:${kamailio.control})
export PGSERVICEFILE=${schemaServicePath}

wanted=$(aws ssm get-parameter --region '${region}' --name '${parameter}' --query Parameter.Value --output text |
  tr ',' '\\n' | sort)
if [[ -z $wanted ]] || grep -qvE '^([0-9]{1,3}[.]){3}[0-9]{1,3}$' <<<"$wanted"; then
  echo "learn-edges: \${wanted:-nothing} is no list of addresses; what was known stays" >&2
  exit 1
fi
known=$("\${kamailio[@]}" htable.dump edges | awk '$1 == "name:" { print $2 }' | sort)
for address in $(comm -13 <(echo "$known") <(echo "$wanted")); do
  "\${kamailio[@]}" htable.seti edges "s:$address" 1 >/dev/null
  echo "learn-edges: $address is an edge"
done
for address in $(comm -23 <(echo "$known") <(echo "$wanted")); do
  "\${kamailio[@]}" htable.delete edges "s:$address" >/dev/null
  echo "learn-edges: $address is no edge any more"
done

if [[ $(cat "$stored" 2>/dev/null) != "$wanted" ]]; then
  {
    echo 'BEGIN; DELETE FROM cellstamp.edges;'
    sed "s/.*/INSERT INTO cellstamp.edges VALUES ('&');/" <<<"$wanted"
    echo 'COMMIT;'
  } | psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 service=schema
  echo "$wanted" >"$stored"
fi
`;
}
