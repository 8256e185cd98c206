/** The tags of what calls have made, so that conditions on them can be evaluated. */
import type { Call } from './call.ts';
import { arnOf, tagsOf } from './need.ts';

const ids = /\b(?:eipalloc|eni|i|igw|lt|rtb|sg|subnet|vol|vpc|vpce)-[0-9a-f]{8,17}\b/g;
const associations = /\b(?:eip|rtb)assoc-[0-9a-f]{8,17}\b/g;
const keys = /"KeyId": ?"([0-9a-f-]{36})"/g;

export class TagsOfResources {
  /** By id, without the rest of the ARN. */
  private readonly tags = new Map<string, Readonly<Record<string, string>>>();
  private readonly associated = new Map<string, readonly string[]>();

  /** Takes up what an answered call made or tagged. */
  learn(call: Call, answer: string): void {
    const tags = tagsOf(call);
    const { parameters } = call;
    if (call.action === 'ec2:CreateTags') {
      for (const [name, id] of Object.entries(parameters)) {
        if (name.startsWith('ResourceId.')) this.tags.set(id, { ...this.tags.get(id), ...tags });
      }
    } else if (/:(Create|Run|Allocate)/.test(call.action)) {
      const made = [...[...answer.matchAll(ids)].map(([id]) => id), ...[...answer.matchAll(keys)].map(([, id]) => id!)];
      const mentioned = new Set(Object.values(parameters));
      for (const id of made) if (!this.tags.has(id) && !mentioned.has(id)) this.tags.set(id, tags);
    } else if (/^ec2:Associate/.test(call.action)) {
      const ends = ['AllocationId', 'RouteTableId', 'SubnetId'].flatMap((name) => parameters[name] ?? []);
      for (const [id] of answer.matchAll(associations))
        this.associated.set(
          id,
          ends.map((end) => ec2Arn(call.region, end)),
        );
    }
  }

  of(arn: string): Readonly<Record<string, string>> {
    return this.tags.get(arn.split('/').at(-1)!) ?? {};
  }

  /** A key that was made, for services that know theirs by themselves. */
  someKey(region: string): string {
    const key = [...this.tags.keys()].find((id) => /^[0-9a-f-]{36}$/.test(id)) ?? 'none';
    return arnOf('kms', region, `key/${key}`);
  }

  /** ARNs, with those of an association's ends in its place. */
  behind(arns: readonly string[]): readonly string[] {
    return arns.flatMap((arn) => this.associated.get(arn) ?? (arn.startsWith('arn:') ? [arn] : []));
  }
}

function ec2Arn(region: string, id: string): string {
  const type = { eipalloc: 'elastic-ip', rtb: 'route-table', subnet: 'subnet' }[id.split('-')[0]!]!;
  return arnOf('ec2', region, `${type}/${id}`);
}
