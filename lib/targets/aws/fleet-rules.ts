/**
 * What the cells and the front of one app must not share, and the providers they are made with, checked when the app is
 * synthesised. Nothing is known by its class: an app may load this package twice.
 */
import { TerraformStack, Token, type TerraformProvider } from 'cdktf';
import type { Construct, IConstruct } from 'constructs';
import { checkBetween } from '../../fleet/rules/between-cells.ts';
import type { SpecKind } from '../../fleet/schema/brand.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import type { FrontSpec } from '../../fleet/schema/front.ts';
import { indexCell, indexFront } from '../../fleet/fleet-index.ts';
import { formatValueFinding } from '../../config-file/finding.ts';
import { sourceOf } from '../../fleet/schema/spec-error.ts';

/** Key of an app's cells and fronts, on the root of its tree: one list, whichever copy of this package made them. */
const key = Symbol.for('cellstamp.fleet');

interface Member {
  readonly construct: Construct;
  readonly kind: SpecKind;
  readonly spec: CellSpec | FrontSpec;
}

/** Makes it an error at synthesis when this cell or front and another one of the app share a network, a name or a tenant. */
export function checkAgainstOthers(construct: Construct, kind: SpecKind, spec: CellSpec | FrontSpec): void {
  const root: IConstruct & { [key]?: Member[] } = construct.node.root;
  const members = (root[key] ??= []);
  members.push({ construct, kind, spec });
  // The first one reports all problems between them.
  if (members.length === 1) construct.node.addValidation({ validate: () => collisions(members) });
}

function collisions(members: readonly Member[]): string[] {
  const indexed = members.flatMap(({ construct, kind, spec }) => {
    const source = sourceOf(spec, construct.node.path);
    return kind === 'front' ? [indexFront(source)] : indexCell(source);
  });
  return checkBetween(indexed)
    .filter(({ severity }) => severity === 'error')
    .map((finding) => `${finding.file} ${formatValueFinding(finding)}`);
}

/**
 * Makes it an error at synthesis when the stack's own AWS provider, or one that is given, is of another region. A region that
 * only Terraform knows (from the environment or a variable) is let through.
 */
export function checkRegion(
  construct: Construct,
  { name, region }: { readonly name: string; readonly region: string },
  given?: TerraformProvider,
): void {
  construct.node.addValidation({
    validate: () => {
      const provider: AwsProvider | undefined = given ?? ownProvider(construct);
      const providerRegion = provider?.region;
      if (providerRegion === undefined || Token.isUnresolved(providerRegion) || providerRegion === region) return [];
      return [
        `${name} is in ${region}, but the provider ${provider!.node.path} is of ${providerRegion}; allowed: a provider of ${region}`,
      ];
    },
  });
}

type AwsProvider = TerraformProvider & { readonly region?: string };

/** What makes resources that name no provider: the AWS provider without an alias. */
function ownProvider(construct: Construct): AwsProvider | undefined {
  return TerraformStack.of(construct)
    .allProviders()
    .find(({ terraformResourceType, alias }) => terraformResourceType === 'aws' && alias === undefined);
}
