/**
 * What a host of a relay does with its calls, with the Redis, rtpengine and fence of its generated configuration, in a network of its
 * own. Replication is without TLS here: both Redis are on this host.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { internalPorts } from '../../lib/fleet/schema/fixed.ts';
import { relays } from '../../lib/software/program-texts.ts';
import { rtpengine } from '../../lib/software/rtpengine/index.ts';
import { takeOverOnMedia } from '../../lib/software/take-over/index.ts';
import { describeWith } from '../requirements.ts';

const cell = deriveCell(
  parseCell({
    name: 'relay-calls',
    region: 'eu-west-1',
    local: {},
    size: 'test',
    media: { hosts: 2, kernelForwarding: 'off' },
    // A call without a packet ends after a second.
    calls: { silentSeconds: 60, timerSpeedup: 60 },
  }),
  'movable',
);
const host = cell.media[0]!;
const values: Readonly<Record<string, string>> = { relay_secret: 'secret' };

describeWith(['root', 'debian-packages'], 'a host of a relay', () => {
  let folder: string;
  const here = (text: string) => text.replaceAll(/(?<![\w/])\/(etc|run)\//g, `${folder}/$1/`);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-relay-calls-'));
    for (const { path, text } of [...rtpengine(cell, host).files, ...takeOverOnMedia(cell, host).files]) {
      const at = here(path);
      if (!at.startsWith(folder)) continue;
      mkdirSync(dirname(at), { recursive: true });
      const plain = text
        .replaceAll(/^(tls-|bind ).*\n/gm, '')
        .replaceAll(/@@(\w+)@@/g, (_, name: string) => values[name] ?? '203.0.113.1');
      writeFileSync(at, here(plain));
    }
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What a script prints, as JSON, with the program's own classes. What it starts ends with it. */
  function told(script: string): unknown {
    const text = `${here(relays).replace(/if __name__ == "__main__":[^]*$/, '')}
for name in ("rtpengine", "cellstamp-relays", "cellstamp-own-calls", "cellstamp-guest-calls"):
    os.makedirs("${folder}/run/" + name)
config = {**json.load(open(CONFIG)), "claim": "/bin/true"}
wire = Wire(config["secret"])

def until(met, seconds=20):
    end = now() + seconds
    while not met():
        if now() > end:
            raise SystemExit("not within %d s" % seconds)
        time.sleep(0.02)

def started(*command):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def started_redis(name, port):
    redis = Redis(port, "secret")
    process = started("redis-server", "${folder}/etc/redis/%s.conf" % name)
    until(redis.info)
    return process, redis

def relay_of(home):
    return Relay(config, next(relay for relay in config["relays"] if relay["home"] == home), wire, Grantor(config, wire), Fence())

said = []
${script}
print(json.dumps(said))
`;
    writeFileSync(join(folder, 'program'), here(relays));
    writeFileSync(join(folder, 'script'), text);
    const addresses = [host.address, ...cell.media.map(({ relayAddress }) => relayAddress)];
    const inside = `set -e
ip link set lo up
for address in ${addresses.join(' ')}; do ip address add $address/32 dev lo; done
nft -f ${folder}/etc/cellstamp/relay-fence.nft
exec python3 ${folder}/script`;
    const unshare = ['--net', '--pid', '--fork', '--kill-child', 'sh', '-c', inside];
    return JSON.parse(execFileSync('unshare', unshare, { encoding: 'utf8' }));
  }

  const copies = `
_, master = started_redis("own-calls", ${internalPorts.ownCalls})
process, copy = started_redis("guest-calls", ${internalPorts.guestCalls})
relay = relay_of(home=False)
relay.peer_redis = ("127.0.0.1", master.port)

def copied(mark):
    master.ask("SET", "mark-" + mark, "")
    until(lambda: copy.ask("EXISTS", "mark-" + mark) == "1" and identity(copy.info()))
`;

  it('notices that its copy was loaded again as a whole, and not that it went on after a short loss', () => {
    expect(
      told(`${copies}
copy.follow(relay.peer_redis)
copied("first")
await_calls({"copy": relay.copy_file, "home": False}, copy)
said.append(relay.has_read(copy.info()))
master.ask("CLIENT", "KILL", "TYPE", "replica")
copied("second")
said.append(relay.has_read(copy.info()))
process.send_signal(signal.SIGSTOP)
master.ask("CLIENT", "KILL", "TYPE", "replica")
for _ in range(20):
    # More than repl-backlog-size.
    master.ask("SET", "call", "x" * 1000000)
process.send_signal(signal.SIGCONT)
copied("third")
said.append(relay.has_read(copy.info()))
await_calls({"copy": relay.copy_file, "home": False}, copy)
said.append(relay.has_read(copy.info()))`),
    ).toEqual([true, true, false, true]);
  });

  it('does not take the address while its Redis can’t be a master, and makes it one that has missed it', () => {
    expect(
      told(`${copies}
for number in range(100):
    master.ask("SET", "call-%d" % number, os.urandom(1000).hex())
# A load that lasts for 2 s.
copy.ask("CONFIG", "SET", "key-load-delay", "20000")
copy.ask("CONFIG", "SET", "loading-process-events-interval-bytes", "1024")
copy.follow(relay.peer_redis)
until(lambda: copy.ask("DBSIZE").startswith("LOADING"))
relay.take(now() + 60, "test")
said += [relay.holding, copy.info()["role"]]
copied("first")
relay.take(now() + 60, "test")
said += [relay.holding, copy.info()["role"]]
copy.follow(relay.peer_redis)
threading.Thread(target=relay.watch_calls, args=(Redis(copy.port, "secret"),), daemon=True).start()
until(lambda: copy.info()["role"] == "master", 3)`),
    ).toEqual([false, 'slave', true, 'master']);
  });

  it('ends a call that is silent on both sides since the relay moved, and writes it before', () => {
    const sdp = (port: number) =>
      String.raw`v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8\r\n`;
    expect(
      told(`
_, redis = started_redis("own-calls", ${internalPorts.ownCalls})
relay = relay_of(home=True)
start = ("rtpengine", "--foreground", "--log-stderr", "--config-file", "${folder}/etc/rtpengine/rtpengine.conf")

def sessions(kind):
    found = re.findall(rb"sessions %s: *(\\d+)" % kind, relay.ask_rtpengine(b"list numsessions"))
    return int(found[0]) if found else None

def ng(**command):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.sendto(os.urandom(8).hex().encode() + b" " + json.dumps(command).encode(), ("${host.relayAddress}", ${internalPorts.rtpengineControl}))
    return json.loads(s.recv(65536).split(b" ", 1)[1])["result"]

rtpengine = started(*start)
until(lambda: sessions(b"total") == 0)
relay.take(now() + 60, "test")
call = {"call-id": "call", "from-tag": "a", "direction": ["public", "public"]}
said.append(ng(command="offer", sdp="${sdp(4000)}", **call))
said.append(ng(command="answer", sdp="${sdp(5000)}", **{**call, "to-tag": "b"}))
rtpengine.kill()
rtpengine.wait()
rtpengine = started(*start)
until(lambda: sessions(b"foreign") == 1)
before = redis.ask("GET", "call")
relay.take(now() + 60, "test")
threading.Thread(target=relay.watch_rtpengine, daemon=True).start()
threading.Thread(target=relay.watch_calls, args=(Redis(redis.port, "secret"),), daemon=True).start()
until(lambda: sessions(b"own") == 1 or sessions(b"total") == 0)
said.append(redis.ask("GET", "call") != before)
until(lambda: sessions(b"total") == 0)
until(lambda: redis.ask("DBSIZE") == "0")`),
    ).toEqual(['ok', 'ok', true]);
  });

  it('keeps in mind that its relay is to stay with the neighbour, when its service is started again', () => {
    expect(
      told(`
def asked(*words):
    answer = subprocess.run([sys.executable, "${folder}/program", *words], capture_output=True, text=True)
    return answer.stdout.splitlines()[:1]

def served(*words):
    service = started(sys.executable, "${folder}/program", "serve")
    until(lambda: asked("list"))
    said.append(asked("list"))
    for word in words:
        asked(word, "1")
    service.kill()
    service.wait()

served("move")
served("home")
served()`),
    ).toEqual([['1 home waits'], ['1 home waits away'], ['1 home waits']]);
  });
});
