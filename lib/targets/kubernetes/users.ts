/**
 * Numbers of the users of a cell's programs. An image has them before its packages are installed: Debian's packages take the next free number,
 * which is another one in every image, and files of the node keep a number and not a name.
 */
export const users = {
  root: 0,
  kamailio: 901,
  rtpengine: 902,
  freeswitch: 903,
  stunnel4: 904,
  redis: 905,
  postgres: 906,
} as const;

export type UserName = keyof typeof users;

/** @throws Error for a user whom no image has */
export function userNumber(name: string): number {
  if (Object.hasOwn(users, name)) return users[name as keyof typeof users];
  throw new Error(`no image has the user ${name}`);
}
