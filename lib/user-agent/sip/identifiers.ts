import { randomBytes } from 'node:crypto';

/** RFC 3261 section 19.3 asks for at least 32 random bits. */
export function newTag(): string {
  return randomBytes(8).toString('hex');
}

/** With the cookie that says it is unique (RFC 3261 section 8.1.1.7). */
export function newBranch(): string {
  return `z9hG4bK${randomBytes(10).toString('hex')}`;
}

export function newCallId(host: string): string {
  return `${randomBytes(12).toString('hex')}@${host}`;
}
