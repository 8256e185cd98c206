/** The pipeline's deploy of one cell, with a cell on this machine in place of one on AWS. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addSubscribers } from '../../../lib/cli/test-subscribers.ts';
import { down, list } from '../../../lib/targets/local/index.ts';
import { spawnInNetwork } from '../../../lib/targets/local/namespace.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { readDeploySteps } from '../../../lib/planner-files/deploys.ts';
import { FleetRepository } from '../../examples/fleet-repository.ts';
import { describeWith, missing } from '../../requirements.ts';
import { awsEnvironment } from '../../terraform/terraform.ts';
import { until } from '../lab/lab.ts';

const name = 'lab-pipeline';
const cell = (setupsPerSecond: number) => ({
  [`cells/${name}.yaml`]: [
    ...[`name: ${name}`, 'region: eu-west-1', 'aws: {}', 'size: test', 'network: 10.82.0.0/20'],
    ...['media: { hosts: 2, kernelForwarding: preferred }', `sbc: { setupsPerSecond: ${setupsPerSecond} }`],
    '',
  ].join('\n'),
});

describeWith(['root', 'debian-packages'], 'a deploy of one cell', () => {
  let fleet: FleetRepository;
  beforeAll(
    () =>
      void (fleet = new FleetRepository({
        ...cell(50),
        'planning.yaml': 'kinds: [{ region: eu-west-1, prefix: lab- }]\n',
      })),
  );
  afterAll(async () => {
    await down(name);
    fleet.remove();
  });

  const command = [process.execPath, '--import', 'tsx', 'lib/cli/main.ts'];
  const deploy = (before: string) => fleet.run([...command, 'rollout', 'cell', name, '--before', before]);

  it('brings a new cell up and proves it by calls', () => {
    const { status, stdout, stderr } = deploy(fleet.git('hash-object', '-t', 'tree', '/dev/null'));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^answered +20$/m);
    expect(stdout).toMatch(new RegExp(`^cell ${name} is deployed and proved$`, 'm'));
    expect(status).toBe(0);
  });

  it('takes a cell back to the commit before when a change lets calls fail, and proves it there', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit(cell(1));
    const { status, stdout, stderr } = deploy(before);
    expect(stdout).toMatch(/^failed +[1-9]/m);
    expect(stdout).toMatch(/^answered +20$/m);
    expect(fleet.git('worktree', 'list').split('\n')).toHaveLength(1);
    expect(stderr).toContain(`cell ${name} is deployed and not proved: it is back at ${before}, and proved there`);
    expect(status).toBe(1);
    expect(requireState(name).spec.sbc.setupsPerSecond).toBe(50);
    const { steps } = readDeploySteps(join(fleet.path, 'planning-deploys.ndjson'));
    expect(steps.map(({ step }) => step)).toEqual(['began', 'proved', 'began', 'proved']);
  });

  const reason = missing('moto_server');
  it.skipIf(reason !== undefined)(
    `proves a cell from outside, by users of a secret, and looks whether an alarm has gone off${reason ? ` [${reason}]` : ''}`,
    async () => {
      const { spec, namespaces } = requireState(name);
      const outside = namespaces['outside']!.init;
      // An emulator of AWS beside the caller, who has nothing else of the cell.
      const emulator = spawnInNetwork(outside, ['moto_server', '--port', '5000'], {
        stdio: 'ignore',
        env: process.env,
      });
      const environment = { ...awsEnvironment(5000), PROOF_SECRET: '' };
      const prove = [...command, 'prove', name, '--target', 'aws'];
      const there = (argv: readonly string[]) =>
        fleet.run(['nsenter', '--target', String(outside.pid), '--net', '--', ...argv], environment);
      const { floatingAddress } = list().find((cell) => cell.name === name)!;
      const subscribers = await addSubscribers(spec, 'udp');
      try {
        await until(() => there(['curl', '-sf', 'http://127.0.0.1:5000/moto-api/']).status === 0, 30);
        const [caller, callee] = subscribers.users.map((user) => ({
          uri: `sip:${user.name}@${subscribers.domain}`,
          password: user.password,
        }));
        const secret = ['--name', 'proof', '--secret-string', JSON.stringify({ caller, callee }), '--query', 'ARN'];
        const made = there(['aws', 'secretsmanager', 'create-secret', ...secret, '--output', 'text']);
        environment.PROOF_SECRET = made.stdout.trim();

        const tags = `ResourceType=elastic-ip,Tags=[{Key=cellstamp:cell,Value=${name}},{Key=Name,Value=cellstamp-${name}-sbc}]`;
        const address = ['--address', floatingAddress, '--tag-specifications', tags];
        expect(there(['aws', 'ec2', 'allocate-address', ...address]).stdout).toContain(floatingAddress);

        const good = there(prove);
        expect(good.stderr).toBe('');
        expect(good.stdout).toMatch(/^answered +20$/m);
        expect(good.status).toBe(0);

        const alarm = [
          '--alarm-name',
          `cellstamp-${name}-redis`,
          '--metric-name',
          'x',
          '--namespace',
          'x',
          '--period',
          '60',
        ];
        const when = ['--comparison-operator', 'LessThanThreshold', '--threshold', '1', '--evaluation-periods', '1'];
        there(['aws', 'cloudwatch', 'put-metric-alarm', ...alarm, ...when, '--statistic', 'Sum']);
        const off = ['--alarm-name', `cellstamp-${name}-redis`, '--state-value', 'ALARM', '--state-reason', 'test'];
        there(['aws', 'cloudwatch', 'set-alarm-state', ...off]);
        expect(there(prove)).toMatchObject({
          status: 1,
          stderr: `the alarm cellstamp-${name}-redis has gone off\n`,
        });
      } finally {
        await subscribers.remove();
        emulator.kill();
      }
    },
  );
});
