import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAgent } from './peer.ts';

/** Ports on 127.0.0.1. */
export interface ProxyPorts {
  readonly udp: number;
  readonly tcp: number;
  readonly tls: number;
  /** Where the carrier listens, over UDP. */
  readonly carrier: number;
}

/**
 * The smallest Kamailio that is a registrar with digest, a record-routing proxy between transports, and a way out to a
 * carrier for numbers that begin with +. What the user agent is proven against, not what a cell runs.
 */
function configuration(ports: ProxyPorts, folder: string): string {
  const modules = ['tm', 'sl', 'rr', 'pv', 'maxfwd', 'textops', 'siputils', 'usrloc', 'registrar', 'auth', 'tls'];
  return `#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=2
tcp_children=2
enable_tls=yes
tcp_connection_lifetime=3605
listen=udp:127.0.0.1:${ports.udp}
listen=tcp:127.0.0.1:${ports.tcp}
listen=tls:127.0.0.1:${ports.tls}
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
${modules.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "private_key", "${folder}/key.pem")
modparam("tls", "certificate", "${folder}/cert.pem")
modparam("rr", "enable_double_rr", 1)
modparam("registrar", "max_expires", 600)
modparam("auth", "nonce_expire", 300)

request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (!loose_route()) {
      if (is_method("ACK") && t_check_trans()) t_relay();
      else if (!is_method("ACK")) sl_send_reply("404", "Not Here");
      exit;
    }
    t_relay();
    exit;
  }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("$fd", "secret-of-$fU", "0")) { www_challenge("$fd", "1"); exit; }
    save("location");
    exit;
  }
  if (is_method("OPTIONS") && uri == myself) { sl_send_reply("200", "OK"); exit; }
  if (!is_method("INVITE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  if ($sp != ${ports.carrier}) {
    if (!pv_proxy_authenticate("$fd", "secret-of-$fU", "0")) { proxy_challenge("$fd", "1"); exit; }
    consume_credentials();
  }
  record_route();
  if ($rU =~ "^\\+") { $du = "sip:127.0.0.1:${ports.carrier}"; t_relay(); exit; }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
`;
}

/** A running Kamailio. */
export class Kamailio {
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  /** @throws Error with what Kamailio said, when it does not answer OPTIONS within 10 s */
  static async start(
    ports: ProxyPorts,
    certificate: { readonly cert: string; readonly key: string },
  ): Promise<Kamailio> {
    const folder = mkdtempSync(join(tmpdir(), 'cellstamp-kamailio-'));
    writeFileSync(join(folder, 'kamailio.cfg'), configuration(ports, folder));
    writeFileSync(join(folder, 'cert.pem'), certificate.cert);
    writeFileSync(join(folder, 'key.pem'), certificate.key);
    const memory = ['-m', '64', '-M', '8'];
    const args = ['-DD', '-E', '-f', join(folder, 'kamailio.cfg'), '-Y', folder, ...memory];
    // Its own process group: the workers must end with it.
    const child = spawn('kamailio', args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let said = '';
    child.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    const kamailio = new Kamailio(child, folder);
    const asker = await openAgent({ timers: { t1: 50, t2: 100, t4: 100 } });
    try {
      for (let tried = 0; tried < 50 && child.exitCode === null; tried++) {
        const { status } = await asker.options(`sip:127.0.0.1:${ports.udp}`);
        if (status === 200) return kamailio;
        await sleep(100);
      }
    } finally {
      await asker.close();
    }
    await kamailio.close();
    throw new Error(`Kamailio does not answer: ${said.slice(0, 2000)}`);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.pid !== undefined) {
      process.kill(-this.#child.pid, 'SIGTERM');
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true });
  }
}
