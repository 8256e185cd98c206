/** An edge's BIRD and a router's, in two network namespaces: what the router hears while the edge takes new calls, while it does not, and when it is gone. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveFront } from '../../lib/fleet/derive/front.ts';
import { parseFront } from '../../lib/fleet/schema/front.ts';
import { anycastAnnouncement } from '../../lib/software/bird/index.ts';
import { birdConfigPath, birdControl } from '../../lib/software/bird/service.ts';
import { describeWith } from '../requirements.ts';

const front = deriveFront(
  parseFront({ domain: 'voice.example.com', regions: [{ region: 'eu-west-1', network: '10.77.0.0/24' }], local: {} }),
);
const host = front.edges[0]!;
const router = '10.77.0.1';
const range = '198.51.100.0/24';
const { files } = anycastAnnouncement(front, host, {
  range,
  system: 64512,
  neighbours: [{ address: router, system: 64600 }],
});

/** Answers every request with the status that stands in a file. */
const responder = `
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        self.send_response(int(open(sys.argv[3]).read()))
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Answer).serve_forever()
`;

describeWith(['root', 'bird'], 'an edge that announces the anycast range', () => {
  let folder: string;
  const suffix = String(process.pid);
  const [edgeNetwork, routerNetwork] = [`bge${suffix}`, `bgr${suffix}`];
  const running: ChildProcess[] = [];
  const ip = (...words: string[]) => execFileSync('ip', words);
  const start = (network: string, ...words: string[]): ChildProcess => {
    const child = spawn('ip', ['netns', 'exec', network, ...words], { stdio: 'ignore' });
    running.push(child);
    return child;
  };
  const health = (status: number) => writeFileSync(join(folder, 'health'), String(status));
  let edgeBird: ChildProcess;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-bird-'));
    for (const network of [edgeNetwork, routerNetwork]) {
      ip('netns', 'add', network);
      ip('-n', network, 'link', 'set', 'lo', 'up');
    }
    ip('-n', edgeNetwork, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', routerNetwork);
    for (const address of [host.unicastSide, host.address]) {
      ip('-n', edgeNetwork, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    }
    ip('-n', routerNetwork, 'address', 'add', `${router}/24`, 'dev', 'eth0');
    for (const network of [edgeNetwork, routerNetwork]) ip('-n', network, 'link', 'set', 'eth0', 'up');

    health(503);
    mkdirSync(join(folder, 'edge'));
    // Two edges on one machine would share the path of BIRD's socket.
    const here = (text: string) => text.replaceAll(birdControl, join(folder, 'edge', 'bird.ctl'));
    const text = (path: string) => here(files.find((file) => file.path === path)!.text);
    writeFileSync(join(folder, 'edge.conf'), text(birdConfigPath));
    writeFileSync(join(folder, 'settings.json'), text('/etc/cellstamp/announce-anycast.json'));
    writeFileSync(join(folder, 'announce.py'), text('/usr/local/lib/cellstamp/announce-anycast'));
    writeFileSync(join(folder, 'responder.py'), responder);
    writeFileSync(
      join(folder, 'router.conf'),
      `router id ${router};
protocol device { }
protocol bgp edge { local ${router} as 64600; neighbor ${host.unicastSide} as 64512; connect retry time 1; ipv4 { import all; export none; }; }
`,
    );
    edgeBird = start(
      edgeNetwork,
      'bird',
      '-f',
      '-c',
      join(folder, 'edge.conf'),
      '-s',
      join(folder, 'edge', 'bird.ctl'),
    );
    start(routerNetwork, 'bird', '-f', '-c', join(folder, 'router.conf'), '-s', join(folder, 'router.ctl'));
    const port = String(front.spec.health.port);
    start(edgeNetwork, 'python3', join(folder, 'responder.py'), host.address, port, join(folder, 'health'));
    start(edgeNetwork, 'python3', join(folder, 'announce.py'), join(folder, 'settings.json'));
  });
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
    for (const network of [edgeNetwork, routerNetwork]) spawnSync('ip', ['netns', 'delete', network]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the router has heard, once it is as it should be. */
  async function heard(as: RegExp, seconds: number): Promise<string> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const { stdout } = spawnSync('birdc', ['-s', join(folder, 'router.ctl'), 'show', 'route', 'all', range], {
        encoding: 'utf8',
      });
      if (as.test(stdout) || Date.now() > deadline) return stdout;
      await sleep(100);
    }
  }

  it('tells it from the beginning, as the last resort', async () => {
    const route = await heard(/BGP.as_path/, 20);
    expect(route).toContain('BGP.as_path: 64512 64512 64512 64512\n');
    expect(route).toContain('BGP.community: (65535,0)');
    expect(route).toContain(`BGP.next_hop: ${host.unicastSide}\n`);
  });

  it('tells it plainly while it takes new calls', async () => {
    health(200);
    const route = await heard(/as_path: 64512\n/, 5);
    expect(route).toContain('BGP.as_path: 64512\n');
    expect(route).not.toContain('community');
  });

  it('tells it as the last resort again when it is drained', async () => {
    health(503);
    expect(await heard(/65535,0/, 5)).toContain('BGP.as_path: 64512 64512 64512 64512\n');
  });

  it('tells it plainly again after its BIRD was restarted', async () => {
    health(200);
    await heard(/as_path: 64512\n/, 5);
    edgeBird.kill('SIGTERM');
    expect(await heard(/not found/, 5)).not.toContain('BGP.as_path');
    const socket = join(folder, 'edge', 'bird.ctl');
    edgeBird = start(edgeNetwork, 'bird', '-f', '-c', join(folder, 'edge.conf'), '-s', socket);
    expect(await heard(/as_path: 64512\n/, 20)).toContain('BGP.as_path: 64512\n');
  });

  it('is gone from the router when the edge is', async () => {
    edgeBird.kill('SIGTERM');
    expect(await heard(/not found/, 5)).toMatch(/not found/);
  });
});
