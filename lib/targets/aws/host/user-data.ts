import { stringify } from 'yaml';
import { bootScript, bootScriptPath, bootUnit, bootUnitPath, type HostName } from './boot.ts';

/** What EC2 takes, in bytes before base64 (EC2 User Guide, "Run commands when you launch an EC2 instance"). */
export const userDataLimit = 16384;

/** cloud-init's user data of a host: names it, shuts SSH, and starts the boot script. */
export function userData(name: HostName): string {
  const document = {
    hostname: `${name.site}-${name.host}`,
    // Operators come through Session Manager.
    ssh_pwauth: false,
    disable_root: true,
    write_files: [
      { path: bootScriptPath, permissions: '0755', content: bootScript(name) },
      { path: bootUnitPath, permissions: '0644', content: bootUnit(name) },
    ],
    runcmd: [
      ['systemctl', 'mask', '--now', 'ssh.service'],
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', '--no-block', 'cellstamp-boot.service'],
    ],
  };
  return checkUserData(`#cloud-config\n${stringify(document, { lineWidth: 0, blockQuote: 'literal' })}`);
}

/** @throws Error when EC2 would not take it. */
export function checkUserData(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > userDataLimit) {
    throw new Error(`user data has ${bytes} bytes, EC2 takes at most ${userDataLimit}`);
  }
  return text;
}
