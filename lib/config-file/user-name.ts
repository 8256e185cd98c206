import { userInfo } from 'node:os';

/** Who runs this process. A user without a name, as in some containers, is known by number. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.());
  }
}
