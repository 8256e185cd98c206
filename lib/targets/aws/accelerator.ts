import { GlobalacceleratorAccelerator } from '@cdktf/provider-aws/lib/globalaccelerator-accelerator/index.js';
import { GlobalacceleratorEndpointGroup } from '@cdktf/provider-aws/lib/globalaccelerator-endpoint-group/index.js';
import { GlobalacceleratorListener } from '@cdktf/provider-aws/lib/globalaccelerator-listener/index.js';
import { Fn } from 'cdktf';
import { Construct } from 'constructs';
import type { Front, FrontRegion } from '../../fleet/derive/front.ts';
import { formatAddress, parseRange } from '../../fleet/range.ts';
import { awsOf } from '../../fleet/schema/targets/on-aws.ts';
import { resourceName } from './site.ts';

export interface AcceleratorProps {
  readonly front: Front;
}

/**
 * The anycast addresses (AWS Global Accelerator), with a listener for UDP and one for TCP. Clients of an address reach the edge
 * with their own address, so edges can tell sources apart.
 *
 * Global Accelerator forgets a silent UDP flow after 30 s and a TCP connection after 340 s; neither can be set.
 */
export class Accelerator extends Construct {
  readonly accelerator: GlobalacceleratorAccelerator;
  /** By protocol; none for a protocol whose ports are all off. */
  readonly listeners: ReadonlyMap<'UDP' | 'TCP', GlobalacceleratorListener>;
  /** Terraform tokens of the two addresses. */
  readonly addresses: readonly [string, string];
  private readonly front: Front;

  constructor(scope: Construct, id: string, props: AcceleratorProps) {
    super(scope, id);
    this.front = props.front;
    const { anycast, edge } = props.front.spec;
    const { ranges } = awsOf(props.front.spec).anycast;
    const name = resourceName(props.front);
    this.accelerator = new GlobalacceleratorAccelerator(this, 'accelerator', {
      name,
      ipAddressType: 'IPV4',
      // Of a range of one's own the first address that is not the network's.
      ...(ranges.length > 0 ? { ipAddresses: ranges.map((range) => formatAddress(parseRange(range).first + 1)) } : {}),
      tags: { Name: name },
    });
    const addresses = this.accelerator.ipSets.get(0).ipAddresses;
    this.addresses = [Fn.element(addresses, 0) as string, Fn.element(addresses, 1) as string];

    const { udp, tcp, tls } = edge.transports;
    const ports = {
      UDP: [udp].filter((port) => port !== 'off'),
      TCP: [tcp, tls].filter((port) => port !== 'off'),
    };
    this.listeners = new Map(
      (['UDP', 'TCP'] as const)
        .filter((protocol) => ports[protocol].length > 0)
        .map((protocol) => [
          protocol,
          new GlobalacceleratorListener(this, protocol.toLowerCase(), {
            acceleratorArn: this.accelerator.id,
            protocol,
            clientAffinity: anycast.clientAffinity === 'source' ? 'SOURCE_IP' : 'NONE',
            portRange: ports[protocol].map((port) => ({ fromPort: port, toPort: port })),
          }),
        ]),
    );
  }

  /** Sends a region's share of the traffic to its edges, those whose health check is answered by 200 (lib/software/edge-health). */
  serve({ region }: FrontRegion, instanceIds: readonly string[]): void {
    const { health, regions } = this.front.spec;
    const { port, intervalSeconds, threshold } = health;
    for (const [protocol, listener] of this.listeners) {
      new GlobalacceleratorEndpointGroup(this, `${protocol.toLowerCase()}-${region}`, {
        listenerArn: listener.id,
        endpointGroupRegion: region,
        trafficDialPercentage: regions.find((entry) => entry.region === region)!.aws!.trafficDial,
        healthCheckProtocol: 'HTTP',
        healthCheckPath: '/',
        healthCheckPort: port,
        healthCheckIntervalSeconds: intervalSeconds,
        thresholdCount: threshold,
        endpointConfiguration: instanceIds.map((endpointId) => ({
          endpointId,
          weight: 128,
          clientIpPreservationEnabled: true,
        })),
      });
    }
  }
}
