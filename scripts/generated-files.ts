/** The files that are made from the schemas, programs in other languages, metrics, alerts and commands, and
 * pictures of examples, by their path. */
import { format, resolveConfig } from 'prettier';
import { planningJsonSchemas } from '../lib/planner-files/json-schema.ts';
import { cellFile, parseCell } from '../lib/fleet/schema/cell.ts';
import { frontFile, parseFront } from '../lib/fleet/schema/front.ts';
import { jsonSchemas } from '../lib/fleet/schema/json-schema.ts';
import { costJsonSchemas } from '../lib/targets/aws/cost/schema.ts';
import { kubernetesStandIns } from '../lib/fleet/schema/targets/kubernetes.ts';
import { kubernetesFrontStandIns } from '../lib/fleet/schema/targets/kubernetes-front.ts';
import { pictures } from './docs-pictures.ts';
import { pagesWithTables } from './docs-tables.ts';
import { referencePages } from './reference-pages.ts';
import { programFolders, programTexts } from './program-texts.ts';
import { specTypes } from './spec-types.ts';

export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const style = await resolveConfig('package.json');
  const regions = [{ region: 'eu-west-1', network: '10.0.0.0/24' }];
  const targets = [{ aws: {} }, { local: {} }];
  const cellTargets = [...targets, { kubernetes: kubernetesStandIns }];
  const frontTargets = [...targets, { kubernetes: kubernetesFrontStandIns }];
  const types = [
    {
      name: 'Cell',
      schema: cellFile.jsonSchema(),
      complete: cellTargets.map((target) => parseCell({ name: 'any', region: 'eu-west-1', ...target })),
    },
    {
      name: 'Front',
      schema: frontFile.jsonSchema(),
      complete: frontTargets.map((target) => parseFront({ domain: 'voice.example.com', regions, ...target })),
    },
  ];
  const files = [
    ...Object.entries({ ...jsonSchemas, ...planningJsonSchemas, ...costJsonSchemas }).map(
      ([name, schema]) => [`cells/${name}`, JSON.stringify(schema())] as const,
    ),
    ...types.map((of) => [`lib/fleet/schema/${of.name.toLowerCase()}-types.ts`, specTypes(of)] as const),
    ...programFolders.map((folder) => [`${folder}/program-texts.ts`, programTexts(folder)] as const),
    ...pagesWithTables(),
    ...(await referencePages()),
  ];
  const formatted = files.map(
    async ([path, text]) => [path, await format(text, { ...style, filepath: path })] as const,
  );
  return new Map([...(await Promise.all(formatted)), ...pictures()]);
}
