/** The pipeline's deploy of one cell, with a cell on this machine in the place of one on AWS. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { down } from '../../lib/local/index.ts';
import { requireState } from '../../lib/local/state.ts';
import { FleetRepository, program } from '../examples/fleet-repository.ts';
import { describeWith } from '../requirements.ts';

const name = 'lab-pipeline';
const cell = (setupsPerSecond: number) => ({
  [`cells/${name}.yaml`]: [
    ...[`name: ${name}`, 'region: eu-west-1', 'size: test', 'network: 10.82.0.0/20'],
    ...['media: { hosts: 2, kernelForwarding: preferred }', `sbc: { setupsPerSecond: ${setupsPerSecond} }`],
    '',
  ].join('\n'),
});

describeWith(['root', 'debian-packages'], 'a deploy of one cell', () => {
  let fleet: FleetRepository;
  beforeAll(() => void (fleet = new FleetRepository(cell(50))));
  afterAll(async () => {
    await down(name);
    fleet.remove();
  });

  const deploy = (before: string) => {
    const cellstamp = 'node --import tsx lib/cli/main.ts';
    return fleet.run(program('deploy-cell.ts', name, before), {
      DEPLOY: `${cellstamp} up "$CELL"`,
      PROVE: `${cellstamp} call "$CELL" --calls 12 --rate 6 --hold 1`,
    });
  };

  it('brings a new cell up and proves it by calls', () => {
    const { status, stdout, stderr } = deploy(fleet.git('hash-object', '-t', 'tree', '/dev/null'));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^answered +12$/m);
    expect(stdout).toMatch(new RegExp(`^cell ${name} is deployed and proved$`, 'm'));
    expect(status).toBe(0);
  });

  it('takes a cell back to the commit before when a change lets calls fail, and proves it there', () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit(cell(1));
    const { status, stdout, stderr } = deploy(before);
    expect(stdout).toMatch(/^failed +[1-9]/m);
    expect(stdout).toMatch(/^answered +12$/m);
    expect(stderr).toContain(`cell ${name} is deployed and not proved: it is back at ${before}, and proved there`);
    expect(status).toBe(1);
    expect(requireState(name).spec.sbc.setupsPerSecond).toBe(50);
  });
});
