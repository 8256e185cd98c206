import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { EdgeKeys, EdgeKeysStep } from '../../fleet/edge-keys.ts';
import { asRoot } from '../as-root.ts';
import { CommandFailure, usageStatus } from '../failure.ts';
import { oneOf } from '../option-values.ts';
import { printJson } from '../output.ts';

export function addEdgeKeys(program: Command): Command {
  return program
    .command('edge-keys')
    .description('Rotates the keys with which edges authenticate to cells, one step at a time.')
    .argument('[step]', 'add, use or drop; without it, the keys are listed', oneOf(['add', 'use', 'drop']))
    .argument('[id]', 'id of the key to use or to drop')
    .option('--front <front>', 'name of the front; the only one that is up by default')
    .option('--stdin', 'read a key set on standard input and print the one after the step: for a secret on AWS')
    .option('--json', 'print the ids of the keys as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp edge-keys add            # prints the id of the new key, here 7c1e\n' +
        '  $ npx cellstamp edge-keys use 7c1e\n  $ npx cellstamp edge-keys drop 52f0\n\n' +
        'No call is lost if every edge and SBC knows of a step before the next one: on this machine the command waits for that, on AWS\n' +
        'wait two minutes. Before you drop a key, wait an hour after another one is in use (the longest lifetime of a registration), and\n' +
        'until the calls that began before have ended: what the dropped key has proved is refused. See docs/security.md.',
    )
    .hook('preAction', (command) => {
      if (!command.opts<Options>().stdin) asRoot();
    })
    .action(edgeKeys);
}

interface Options {
  readonly front?: string;
  readonly stdin?: true;
  readonly json?: true;
}

async function edgeKeys(step: Step | undefined, id: string | undefined, options: Options): Promise<void> {
  const change = wanted(step, id);
  if (options.stdin) {
    const { afterStep, parseEdgeKeys } = await import('../../fleet/edge-keys.ts');
    const given = parseEdgeKeys(await standardInput());
    const keys = change ? afterStep(given, change, randomBytes) : given;
    console.log(JSON.stringify(keys));
    process.stderr.write(`${describe(keys)}\n`);
    return;
  }
  const { changeEdgeKeys, edgeKeysOf, requireFrontState } = await import('../../targets/local/front/index.ts');
  const state = requireFrontState(options.front);
  const keys = change ? await changeEdgeKeys(state, change) : await edgeKeysOf(state);
  if (options.json) printJson({ current: keys.current, ids: Object.keys(keys.keys) });
  else console.log(describe(keys));
}

type Step = EdgeKeysStep['step'];

function wanted(step: Step | undefined, id: string | undefined): EdgeKeysStep | undefined {
  if (step === undefined) return undefined;
  if (step === 'add') {
    if (id !== undefined) throw new CommandFailure('add takes no id: the new key gets one', usageStatus);
    return { step };
  }
  if (id === undefined) throw new CommandFailure(`${step} takes the id of a key`, usageStatus);
  return { step, id };
}

/** Ids alone: no key is ever printed for a person. */
function describe({ current, keys }: EdgeKeys): string {
  const others = Object.keys(keys).filter((other) => other !== current);
  return `key ${current} makes new proofs${others.map((other) => `; ${other} is accepted`).join('')}`;
}

async function standardInput(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
