/** The script by which an SBC learns of the front's edges, beside a real Kamailio, PostgreSQL and an emulator of AWS. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { edgeList, learnEdgesScript } from '../../../../lib/targets/aws/host/learn-edges.ts';
import { ownerPasswordScript } from '../../../../lib/targets/aws/host/owner-password.ts';
import { customersScriptPath } from '../../../../lib/software/kamailio/sbc/customers-script.ts';
import { ownerPasswordProgram, ownerProgram } from '../../../../lib/software/postgresql/owner.ts';
import { parseFront } from '../../../../lib/fleet/schema/front.ts';
import { describeWith } from '../../../requirements.ts';
import { SbcLab } from '../../../software/kamailio/sbc-lab.ts';
import { minimalFront } from '../synth.ts';

const list = edgeList(parseFront(minimalFront));
const environment = [
  'env',
  'AWS_ENDPOINT_URL=http://127.0.0.1:5000',
  'AWS_ACCESS_KEY_ID=test',
  'AWS_SECRET_ACCESS_KEY=test',
  'AWS_EC2_METADATA_DISABLED=true',
];

describeWith(['root', 'debian-packages', 'moto_server'], 'an SBC and the edges of the front', () => {
  let lab: SbcLab;

  beforeAll(async () => {
    lab = await SbcLab.open();
    await lab.start({});
    lab.run(['bash', '-c', 'setsid moto_server -H 127.0.0.1 -p 5000 >/dev/null 2>&1 </dev/null &']);
    lab.run(['bash', '-c', 'until curl -sf http://127.0.0.1:5000/moto-api/ >/dev/null; do sleep 0.1; done']);
    ask('secretsmanager', 'secretsmanager.CreateSecret', { Name: list.keysSecret });
    lab.run(['bash', '-c', 'mkdir -p /tmp/state; cat >/tmp/learn-edges; chmod 755 /tmp/learn-edges'], script);
  }, 120_000);
  afterAll(() => lab?.close());

  const script = learnEdgesScript({ ...list, stateDirectory: '/tmp/state' });

  /** Asks the emulator itself: a start of the AWS command line takes seconds. */
  function ask(service: string, action: string, body: object): void {
    const credential = `test/20260101/${list.region}/${service}/aws4_request`;
    const headers = [
      `X-Amz-Target: ${action}`,
      'Content-Type: application/x-amz-json-1.1',
      `Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=none`,
    ];
    const options = ['-sS', '--fail-with-body', ...headers.flatMap((header) => ['-H', header]), '--data', '@-'];
    lab.run(['curl', ...options, 'http://127.0.0.1:5000/'], JSON.stringify(body));
  }

  const frontSays = (value: string) =>
    ask('ssm', 'AmazonSSM.PutParameter', { Name: list.parameter, Value: value, Type: 'StringList', Overwrite: true });

  const frontHas = (value: string) =>
    ask('secretsmanager', 'secretsmanager.PutSecretValue', { SecretId: list.keysSecret, SecretString: value });

  const learn = () => lab.run([...environment, '/tmp/learn-edges']);
  const inKamailio = () =>
    [...lab.run(['kamcmd', '-s', 'unix:/run/kamailio/control.sock', 'htable.dump', 'edges']).matchAll(/name: (\S+)/g)]
      .map(([, address]) => address)
      .sort();
  const inDatabase = () => lab.sql('SELECT host(address) FROM cellstamp.edges ORDER BY address;');

  const [first, second] = ['a', 'b'].map((letter) => letter.repeat(64)) as [string, string];
  const keysInKamailio = () =>
    [
      ...lab
        .run(['kamcmd', '-s', 'unix:/run/kamailio/control.sock', 'htable.dump', 'edge_keys'])
        .matchAll(/name: (\S+)\s+value: (\S+)/g),
    ]
      .map(([, key, value]) => `${key!} ${value!}`)
      .sort();

  it('takes the keys of the front up, and lets them go, in Kamailio and in the database', () => {
    frontSays('198.51.100.9');
    frontHas(JSON.stringify({ current: '1a2b', keys: { '1a2b': first, '0c0d': second } }));
    expect(learn()).toContain('learn-edges: the keys of the front are 1a2b 0c0d\n');
    expect(keysInKamailio()).toEqual(['current 1a2b', `key:0c0d ${second}`, `key:1a2b ${first}`]);
    expect(lab.sql('SELECT id, key, current FROM cellstamp.edge_keys ORDER BY id;')).toEqual([
      `0c0d\t${second}\tf`,
      `1a2b\t${first}\tt`,
    ]);
    frontHas(JSON.stringify({ current: '0c0d', keys: { '0c0d': second } }));
    expect(learn()).toBe('learn-edges: the keys of the front are 0c0d\n');
    expect(keysInKamailio()).toEqual(['current 0c0d', `key:0c0d ${second}`]);
    expect(learn()).toBe('');
  });

  it.each(['none', '{"current": "1a2b", "keys": {"0c0d": "x"}}', '{"current": "1a2b", "keys": {"1a2b": "short"}}'])(
    'keeps the keys that it knows when the secret is %s',
    (value) => {
      frontHas(value);
      learn();
      expect(keysInKamailio()).toEqual(['current 0c0d', `key:0c0d ${second}`]);
    },
  );

  it('takes edges up and lets them go, in Kamailio at once and in the database for its next start', () => {
    frontHas(JSON.stringify({ current: '0c0d', keys: { '0c0d': second } }));
    frontSays('198.51.100.9,198.51.100.10');
    expect(learn()).toMatch(/198\.51\.100\.10 is an edge\n/);
    expect(inKamailio()).toEqual(['198.51.100.10', '198.51.100.9']);
    expect(inDatabase()).toEqual(['198.51.100.9', '198.51.100.10']);
    frontSays('198.51.100.9,198.51.100.11');
    expect(learn()).toMatch(/11 is an edge\n.*10 is no longer an edge\n/);
    expect(inKamailio()).toEqual(['198.51.100.11', '198.51.100.9']);
    expect(inDatabase()).toEqual(['198.51.100.9', '198.51.100.11']);
  });

  it('does nothing when nothing has changed', () => {
    expect(learn()).toBe('');
  });

  it('keeps what it knows when the list is none', () => {
    frontSays('198.51.100.9,everybody');
    expect(() => learn()).toThrow(/is not a list of addresses; the known ones stay/);
    expect(inKamailio()).toEqual(['198.51.100.11', '198.51.100.9']);
  });

  it('changes tenants after RDS has made another password of the database’s owner', () => {
    const write = (path: string, text: string) =>
      lab.run(['bash', '-c', 'mkdir -p "${1%/*}" && cat >"$1" && chmod 700 "$1"', 'write', path], text);
    const changed = (name: string) =>
      lab.run(
        [...environment, 'bash', customersScriptPath],
        `INSERT INTO cellstamp.tenants (name, domain, tier, calls, calls_per_second, burst) VALUES ('${name}', '${name}.example.com', 'standard', 9, 9, 9);`,
      );
    changed('before');
    const rotate = (action: readonly string[], password: string) => {
      const secret = JSON.stringify({ username: 'admin', password });
      lab.run([...environment, 'aws', 'secretsmanager', ...action, '--region', 'eu-west-1', '--secret-string', secret]);
      lab.sql(`ALTER ROLE admin PASSWORD '${password}'`);
    };
    write('/run/cellstamp/host/parameter.json', JSON.stringify({ secrets: { databaseOwner: 'owner' } }));
    rotate(['create-secret', '--name', 'owner'], 'second');
    expect(() => changed('without')).toThrow(/password authentication failed/);
    write(ownerPasswordProgram, ownerPasswordScript('eu-west-1'));
    changed('second');
    // Any character that RDS may choose.
    rotate(['put-secret-value', '--secret-id', 'owner'], 'third %s\\ #;=$HOME');
    changed('third');
    expect(lab.sql("SELECT name FROM cellstamp.tenants WHERE tier = 'standard' ORDER BY name")).toEqual(
      expect.arrayContaining(['before', 'second', 'third']),
    );
  });

  it('goes on with the password that it has when Secrets Manager does not answer', () => {
    lab.sql("ALTER ROLE admin PASSWORD 'admin'");
    lab.run(['rm', '/run/cellstamp/host/parameter.json']);
    expect(lab.run(['bash', '-c', `${ownerProgram} --tuples-only --command 'SELECT 1' 2>&1`])).toMatch(
      /goes on with the password of the start of this host[^]*^ *1$/m,
    );
  });
});
