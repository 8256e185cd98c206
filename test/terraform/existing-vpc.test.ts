/** A cell in a VPC that a network team has made, planned by real Terraform against an emulator of AWS. */
import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkPlan } from '../../lib/targets/aws/plan-rules.ts';
import type { ExistingVpc } from '../../lib/targets/aws/site-network.ts';
import type { TerraformPlan } from '../../lib/targets/aws/terraform-plan.ts';
import { cellOf, minimal } from '../targets/aws/synth.ts';
import { describeWith } from '../requirements.ts';
import { Emulator } from './emulator.ts';
import { synthCell } from './synth.ts';
import { offline, TerraformFolder } from './terraform.ts';

const cell = cellOf(minimal);

describeWith(['terraform', 'aws-provider', 'moto_server'], 'a cell in a VPC that is there', () => {
  let emulator: Emulator;
  let terraform: TerraformFolder;
  let vpcId: string;
  let internetGatewayId: string;
  let publicRouteTableId: string;
  let subnetIds: Readonly<Record<string, string>>;

  beforeAll(async () => {
    emulator = await Emulator.start();
    terraform = new TerraformFolder(emulator.port);
    const ec2 = new EC2Client({
      ...{ region: 'eu-west-1', endpoint: emulator.endpoint },
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    vpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.16.0.0/16' }))).Vpc!.VpcId!;
    await ec2.send(new ModifyVpcAttributeCommand({ VpcId: vpcId, EnableDnsHostnames: { Value: true } }));
    internetGatewayId = (await ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway!.InternetGatewayId!;
    await ec2.send(new AttachInternetGatewayCommand({ VpcId: vpcId, InternetGatewayId: internetGatewayId }));
    publicRouteTableId = (await ec2.send(new CreateRouteTableCommand({ VpcId: vpcId }))).RouteTable!.RouteTableId!;
    const subnets = cell.subnets.flatMap(({ zone, public: outside, private: inside }) => [
      { zone, cidr: outside },
      { zone, cidr: inside },
    ]);
    const made: Record<string, string> = {};
    for (const { zone, cidr } of subnets) {
      const command = new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: cidr, AvailabilityZone: zone });
      made[cidr] = (await ec2.send(command)).Subnet!.SubnetId!;
    }
    subnetIds = made;
  }, 120_000);
  afterAll(() => {
    emulator?.stop();
    terraform?.remove();
  });

  const plan = async (vpc: ExistingVpc) => {
    terraform.write(offline(synthCell(minimal, undefined, vpc)));
    await terraform.succeed(['init', '-no-color', '-input=false']);
    return terraform.run('plan', '-no-color', '-input=false', '-out=plan');
  };
  const planned = async () => JSON.parse((await terraform.succeed(['show', '-json', 'plan'])).output) as TerraformPlan;
  const counts = ({ resource_changes: changes = [] }: TerraformPlan) => {
    const of = (type: string) => changes.filter((each) => each.type === type && each.change.actions[0] === 'create');
    const types = ['aws_vpc', 'aws_default_security_group', 'aws_internet_gateway', 'aws_route_table', 'aws_subnet'];
    return types.map((type) => of(type).length);
  };

  it('gets its own subnets and route tables, and leaves the gateway and the default group alone', async () => {
    const { status, output } = await plan({ vpcId, internetGatewayId });
    expect(status, output).toBe(0);
    const made = await planned();
    expect(counts(made)).toEqual([0, 0, 0, 2, 6]);
    expect(checkPlan(made)).toEqual([]);
  });

  it('goes into subnets that are there', async () => {
    const { status, output } = await plan({ vpcId, subnetIds, publicRouteTableId });
    expect(status, output).toBe(0);
    const made = await planned();
    expect(counts(made)).toEqual([0, 0, 0, 0, 0]);
    const template = made.planned_values.root_module.resources!.find(
      ({ type, values }) => type === 'aws_launch_template' && values['name'] === `cellstamp-${cell.name}-sbc-1`,
    )!;
    expect(template.values['network_interfaces']).toMatchObject([{ subnet_id: subnetIds[cell.sbcs[0]!.subnet] }]);
    expect(checkPlan(made)).toEqual([]);
  });

  it('is not planned into subnets that are mixed up', async () => {
    const [one, other, ...rest] = Object.entries(subnetIds);
    const mixed = Object.fromEntries([[one![0], other![1]], [other![0], one![1]], ...rest]);
    const { status, output } = await plan({ vpcId, subnetIds: mixed, publicRouteTableId });
    expect(status).toBe(1);
    expect(output.replace(/[\s│]+/g, ' ')).toContain(
      `${other![1]} must be the subnet ${one![0]} of ${vpcId}, in eu-west-1a`,
    );
  });
});
