/**
 * A plan of Terraform as a file that goes from one job to another: encrypted under a key of KMS, for one stack and its state at one commit. A plan
 * holds values that are secret, so it never lies in the clear outside of a job.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** What a plan is of. */
export interface PlanOf {
  /** `front`, or the name of a cell. */
  readonly stack: string;
  /** Hash of the commit whose files made the stack. */
  readonly commit: string;
  /** Where Terraform's state is: `eu-west-1/BUCKET`, or `local`. A plan names the place itself and is applied to it, whatever is set then. */
  readonly state: string;
}

/** Keys that encrypt one plan each. What the plan is of is their encryption context: a key that is asked for another is refused. */
export interface PlanKeys {
  /** @returns a new key of 256 bits, and the same encrypted */
  make(of: PlanOf): { readonly key: Buffer; readonly encryptedKey: Buffer };
  decrypt(encryptedKey: Buffer, of: PlanOf): Buffer;
}

/** A file is not a plan of what is asked for; the message says so to a person. */
export class WrongPlan extends Error {
  override readonly name = 'WrongPlan';
}

interface SavedPlan extends PlanOf {
  /** These are in base64. AES-256-GCM: NIST SP 800-38D, with 96 bits of nonce. */
  readonly encryptedKey: string;
  readonly nonce: string;
  readonly tag: string;
  readonly plan: string;
}

export function savePlan(plan: Buffer, of: PlanOf, keys: PlanKeys): string {
  const { key, encryptedKey } = keys.make(of);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const encrypted = Buffer.concat([cipher.update(plan), cipher.final()]);
  const saved: SavedPlan = {
    ...of,
    encryptedKey: encryptedKey.toString('base64'),
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    plan: encrypted.toString('base64'),
  };
  return `${JSON.stringify(saved)}\n`;
}

/** @throws WrongPlan when it is of another stack, commit or state, or was changed */
export function readPlan(text: string, { stack, commit, state }: PlanOf, keys: PlanKeys): Buffer {
  const saved = parse(text);
  if (saved.stack !== stack) throw new WrongPlan(`it is of the stack ${saved.stack}, not of ${stack}`);
  if (saved.commit !== commit) throw new WrongPlan(`it is of the commit ${saved.commit}, and this is ${commit}`);
  if (saved.state !== state) throw new WrongPlan(`it is for the state in ${saved.state}, not in ${state}`);
  const bytes = (name: 'encryptedKey' | 'nonce' | 'tag' | 'plan') => Buffer.from(saved[name], 'base64');
  const key = keys.decrypt(bytes('encryptedKey'), { stack, commit, state });
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes('nonce'), { authTagLength: 16 });
    decipher.setAuthTag(bytes('tag'));
    return Buffer.concat([decipher.update(bytes('plan')), decipher.final()]);
  } catch {
    throw new WrongPlan('it was changed after it was saved');
  }
}

function parse(text: string): SavedPlan {
  try {
    const saved = JSON.parse(text) as SavedPlan;
    const names = ['stack', 'commit', 'state', 'encryptedKey', 'nonce', 'tag', 'plan'] as const;
    if (names.every((name) => typeof saved[name] === 'string')) return saved;
  } catch {
    // Said below.
  }
  throw new WrongPlan('it is not a saved plan');
}
