// Made from lib/fleet/schema/front.ts: npx tsx scripts/write-schemas.ts

import type { PortRange } from '../../config-file/fields.ts';

/** A front as a person writes it. */
export interface FrontInput {
  /** Name of the front: a part of every name made from it. @default "front" */
  readonly name?: string | undefined;
  /** Domain under which tenants get their names: TENANT.DOMAIN. */
  readonly domain: string;
  /** The anycast addresses. */
  readonly anycast?:
    | {
        /** source: all flows of one client address reach the same edge; none: each flow is placed by itself. @default "source" */
        readonly clientAffinity?: 'none' | 'source' | undefined;
      }
    | undefined;
  /** Regions with edges. */
  readonly regions: readonly {
    /** Region that the edges are in. On AWS one of its regions. */
    readonly region: string;
    /** Private range of the edges of this region, /20 to /24, disjoint from every cell and region. */
    readonly network: string;
    /** Edges in this region. @default 2 */
    readonly edges?: number | undefined;
    /** What only AWS understands of the region, in a front with the section aws. Default: its defaults. */
    readonly aws?:
      | {
          /** Availability zones by letter. Edges are spread over them in turn. Default: the first two of the region, a and b in most. */
          readonly zones?: readonly string[] | undefined;
          /** Share of this region’s traffic that it takes, in percent. @default 100 */
          readonly trafficDial?: number | undefined;
        }
      | undefined;
    /** What only Kubernetes understands of the region, in a front with the section kubernetes. Default: its defaults. */
    readonly kubernetes?:
      | {
          /** How the edges of this region announce kubernetes.anycast. Default: nothing is announced. */
          readonly bgp?:
            | {
                /** Number of the autonomous system of the region’s edges. */
                readonly system: number;
                /** Routers to which every edge of the region announces the anycast range. */
                readonly neighbours: readonly {
                  /** Address of a router to which the edges announce. */
                  readonly address: string;
                  /** Number of its autonomous system. */
                  readonly system: number;
                }[];
              }
            | undefined;
        }
      | undefined;
  }[];
  /** The edges (Kamailio), alike in every region. */
  readonly edge?:
    | {
        /** Kamailio worker processes per listening UDP socket, and for TCP. @default 4 */
        readonly workers?: number | undefined;
        /** Port of each SIP transport, or off. */
        readonly transports?:
          | {
              /** Port of SIP over UDP, or off. @default 5060 */
              readonly udp?: number | 'off' | undefined;
              /** Port of SIP over TCP, or off. @default 5060 */
              readonly tcp?: number | 'off' | undefined;
              /** Port of SIP over TLS, or off. @default 5061 */
              readonly tls?: number | 'off' | undefined;
            }
          | undefined;
        /** Connections of clients over TCP and TLS. */
        readonly connections?:
          | {
              /** Number of connections over TLS, or over TCP, that an edge takes at once. @default 20000 */
              readonly total?: number | undefined;
              /** Number of connections over TCP and TLS that one source may hold. That number may open in a burst, then a twentieth of it a second. 1200 are an office of 500 phones behind one address which reconnect after a power cut, before their old connections are found dead, and a fifth more. @default 1200 */
              readonly perSource?: number | undefined;
            }
          | undefined;
        /** Protection against floods, by source address. */
        readonly flood?:
          | {
              /** Packets over UDP, answers and ACKs among them, or requests over TCP and TLS, per second from one source, above which it is banned; a burst of two seconds is let through over UDP, one of four over TCP and TLS, and one request more for each connection of connections.perSource. 500 are an office of 1,000 phones on UDP behind one address (an answered keepalive every 12 s and one of its own every 30 s each, 120 a second; calls; all registering again), or the 80 calls a second of a carrier, of six packets each. Cells and other edges are exempt. @default 500 */
              readonly requestsPerSecond?: number | undefined;
              /** How long a flooding source stays banned, in seconds. @default 300 */
              readonly banSeconds?: number | undefined;
              /** Longest SIP message that is taken, in bytes; a longer one gets 513. Over TCP and TLS one of more than 16384 bytes ends its connection. @default 8192 */
              readonly longestMessage?: number | undefined;
            }
          | undefined;
      }
    | undefined;
  /** How the world-wide entry tells that an edge takes traffic. */
  readonly health?:
    | {
        /** TCP port of the health check over HTTP: 200 while the edge takes new calls, else 503. @default 8088 */
        readonly port?: number | undefined;
        /** Seconds between two checks. @default 10 */
        readonly intervalSeconds?: number | undefined;
        /** Checks in a row that change an edge’s health. @default 3 */
        readonly threshold?: number | undefined;
      }
    | undefined;
  /** The tenant directory in an edge’s memory. */
  readonly directory?:
    | {
        /** Entries (domains, numbers, source addresses) that an edge’s memory is sized for. @default 1000000 */
        readonly entries?: number | undefined;
        /** Seconds between two looks for changes. @default 1 */
        readonly pollSeconds?: number | undefined;
      }
    | undefined;
  /** What only AWS understands; {} takes its defaults. Default: the front is not on AWS. */
  readonly aws?:
    | {
        /** The anycast addresses of Global Accelerator. */
        readonly anycast?:
          | {
              /** Own address ranges that are announced by AWS (bring your own IP); empty: AWS gives two addresses. @default [] */
              readonly ranges?: readonly string[] | undefined;
            }
          | undefined;
        /** The machines of the edges. */
        readonly edge?:
          | {
              /** EC2 type of the edges. @default "c6i.large" */
              readonly instanceType?: string | undefined;
            }
          | undefined;
        /** AMI of the edges. Default: the newest Debian 12 image of the region. */
        readonly image?: string | undefined;
        /** Addresses that are subscribed to the alarm topic. @default [] */
        readonly alarmEmails?: readonly string[] | undefined;
      }
    | undefined;
  /** What only Kubernetes understands. Default: the front is not on Kubernetes. */
  readonly kubernetes?:
    | {
        /** Image of the edges, with its digest: all programs of an edge are in it. */
        readonly image: string;
        /** One address for all edges, which each announces by BGP while it takes new calls. Default: none; clients get the edges’ own addresses. */
        readonly anycast?:
          | {
              /** Address under which every tenant is reached. Every edge takes it. */
              readonly address: string;
              /** Range of the address that the edges announce. Outside of one’s own network few take a range longer than /24. */
              readonly range: string;
            }
          | undefined;
        /** The nodes that carry the edges. */
        readonly nodes?:
          | {
              /** Who takes nodes out of service, and so decides how long calls may go on there. @default "self-managed" */
              readonly managedBy?:
                | 'self-managed'
                | 'karpenter'
                | 'cluster-autoscaler'
                | 'eks-managed'
                | 'aks-managed'
                | 'gke-managed'
                | undefined;
              /** Ports that the clusters give to Services, FROM-TO (--service-node-port-range of the API server). @default "30000-32767" */
              readonly nodePorts?: string | undefined;
              /** Where an edge reads its own public address on its Node: the address of type ExternalIP, or the annotation cellstamp.io/public-address. Without one it does not start. @default "external-ip" */
              readonly publicAddressFrom?: 'external-ip' | 'annotation' | undefined;
            }
          | undefined;
        /** Minutes that an edge which ends waits for the calls that go through it. @default 240 */
        readonly drainMinutes?: number | undefined;
        /** A PodMonitor of the edges and a PrometheusRule in each region, of the Prometheus operator, whose CustomResourceDefinitions must be in the cluster. Default: none. */
        readonly monitoring?:
          | {
              /** Ranges from which Prometheus asks the hosts for their metrics: of its pods, or of the nodes that they are on. */
              readonly from: readonly string[];
              /** Labels by which that Prometheus selects PodMonitors and PrometheusRules, for example release: kube-prometheus-stack. */
              readonly labels?: Readonly<Record<string, string>> | undefined;
            }
          | undefined;
        /** Secret of the edges that is already in the namespace, made by hand or by External Secrets. Its keys are the names of the late-bound values. @default "edge-secrets" */
        readonly secret?: string | undefined;
      }
    | undefined;
  /** This machine, which needs no settings: {} alone keeps a front off every cloud. Default: nothing is said. */
  readonly local?: Readonly<Record<string, never>> | undefined;
}

/** A front's spec with every default filled in. */
export interface FrontSpec {
  /** Name of the front: a part of every name made from it. @default "front" */
  readonly name: string;
  /** Domain under which tenants get their names: TENANT.DOMAIN. */
  readonly domain: string;
  /** The anycast addresses. */
  readonly anycast: {
    /** source: all flows of one client address reach the same edge; none: each flow is placed by itself. @default "source" */
    readonly clientAffinity: 'none' | 'source';
  };
  /** Regions with edges. */
  readonly regions: readonly {
    /** Region that the edges are in. On AWS one of its regions. */
    readonly region: string;
    /** Private range of the edges of this region, /20 to /24, disjoint from every cell and region. */
    readonly network: string;
    /** Edges in this region. @default 2 */
    readonly edges: number;
    /** What only AWS understands of the region, in a front with the section aws. Default: its defaults. */
    readonly aws?:
      | {
          /** Availability zones by letter. Edges are spread over them in turn. Default: the first two of the region, a and b in most. */
          readonly zones: readonly string[];
          /** Share of this region’s traffic that it takes, in percent. @default 100 */
          readonly trafficDial: number;
        }
      | undefined;
    /** What only Kubernetes understands of the region, in a front with the section kubernetes. Default: its defaults. */
    readonly kubernetes?:
      | {
          /** How the edges of this region announce kubernetes.anycast. Default: nothing is announced. */
          readonly bgp?:
            | {
                /** Number of the autonomous system of the region’s edges. */
                readonly system: number;
                /** Routers to which every edge of the region announces the anycast range. */
                readonly neighbours: readonly {
                  /** Address of a router to which the edges announce. */
                  readonly address: string;
                  /** Number of its autonomous system. */
                  readonly system: number;
                }[];
              }
            | undefined;
        }
      | undefined;
  }[];
  /** The edges (Kamailio), alike in every region. */
  readonly edge: {
    /** Kamailio worker processes per listening UDP socket, and for TCP. @default 4 */
    readonly workers: number;
    /** Port of each SIP transport, or off. */
    readonly transports: {
      /** Port of SIP over UDP, or off. @default 5060 */
      readonly udp: number | 'off';
      /** Port of SIP over TCP, or off. @default 5060 */
      readonly tcp: number | 'off';
      /** Port of SIP over TLS, or off. @default 5061 */
      readonly tls: number | 'off';
    };
    /** Connections of clients over TCP and TLS. */
    readonly connections: {
      /** Number of connections over TLS, or over TCP, that an edge takes at once. @default 20000 */
      readonly total: number;
      /** Number of connections over TCP and TLS that one source may hold. That number may open in a burst, then a twentieth of it a second. 1200 are an office of 500 phones behind one address which reconnect after a power cut, before their old connections are found dead, and a fifth more. @default 1200 */
      readonly perSource: number;
    };
    /** Protection against floods, by source address. */
    readonly flood: {
      /** Packets over UDP, answers and ACKs among them, or requests over TCP and TLS, per second from one source, above which it is banned; a burst of two seconds is let through over UDP, one of four over TCP and TLS, and one request more for each connection of connections.perSource. 500 are an office of 1,000 phones on UDP behind one address (an answered keepalive every 12 s and one of its own every 30 s each, 120 a second; calls; all registering again), or the 80 calls a second of a carrier, of six packets each. Cells and other edges are exempt. @default 500 */
      readonly requestsPerSecond: number;
      /** How long a flooding source stays banned, in seconds. @default 300 */
      readonly banSeconds: number;
      /** Longest SIP message that is taken, in bytes; a longer one gets 513. Over TCP and TLS one of more than 16384 bytes ends its connection. @default 8192 */
      readonly longestMessage: number;
    };
  };
  /** How the world-wide entry tells that an edge takes traffic. */
  readonly health: {
    /** TCP port of the health check over HTTP: 200 while the edge takes new calls, else 503. @default 8088 */
    readonly port: number;
    /** Seconds between two checks. @default 10 */
    readonly intervalSeconds: number;
    /** Checks in a row that change an edge’s health. @default 3 */
    readonly threshold: number;
  };
  /** The tenant directory in an edge’s memory. */
  readonly directory: {
    /** Entries (domains, numbers, source addresses) that an edge’s memory is sized for. @default 1000000 */
    readonly entries: number;
    /** Seconds between two looks for changes. @default 1 */
    readonly pollSeconds: number;
  };
  /** What only AWS understands; {} takes its defaults. Default: the front is not on AWS. */
  readonly aws?:
    | {
        /** The anycast addresses of Global Accelerator. */
        readonly anycast: {
          /** Own address ranges that are announced by AWS (bring your own IP); empty: AWS gives two addresses. @default [] */
          readonly ranges: readonly string[];
        };
        /** The machines of the edges. */
        readonly edge: {
          /** EC2 type of the edges. @default "c6i.large" */
          readonly instanceType: string;
        };
        /** AMI of the edges. Default: the newest Debian 12 image of the region. */
        readonly image?: string | undefined;
        /** Addresses that are subscribed to the alarm topic. @default [] */
        readonly alarmEmails: readonly string[];
      }
    | undefined;
  /** What only Kubernetes understands. Default: the front is not on Kubernetes. */
  readonly kubernetes?:
    | {
        /** Image of the edges, with its digest: all programs of an edge are in it. */
        readonly image: string;
        /** One address for all edges, which each announces by BGP while it takes new calls. Default: none; clients get the edges’ own addresses. */
        readonly anycast?:
          | {
              /** Address under which every tenant is reached. Every edge takes it. */
              readonly address: string;
              /** Range of the address that the edges announce. Outside of one’s own network few take a range longer than /24. */
              readonly range: string;
            }
          | undefined;
        /** The nodes that carry the edges. */
        readonly nodes: {
          /** Who takes nodes out of service, and so decides how long calls may go on there. @default "self-managed" */
          readonly managedBy:
            'self-managed' | 'karpenter' | 'cluster-autoscaler' | 'eks-managed' | 'aks-managed' | 'gke-managed';
          /** Ports that the clusters give to Services, FROM-TO (--service-node-port-range of the API server). @default "30000-32767" */
          readonly nodePorts: PortRange;
          /** Where an edge reads its own public address on its Node: the address of type ExternalIP, or the annotation cellstamp.io/public-address. Without one it does not start. @default "external-ip" */
          readonly publicAddressFrom: 'external-ip' | 'annotation';
        };
        /** Minutes that an edge which ends waits for the calls that go through it. @default 240 */
        readonly drainMinutes: number;
        /** A PodMonitor of the edges and a PrometheusRule in each region, of the Prometheus operator, whose CustomResourceDefinitions must be in the cluster. Default: none. */
        readonly monitoring?:
          | {
              /** Ranges from which Prometheus asks the hosts for their metrics: of its pods, or of the nodes that they are on. */
              readonly from: readonly string[];
              /** Labels by which that Prometheus selects PodMonitors and PrometheusRules, for example release: kube-prometheus-stack. */
              readonly labels: Readonly<Record<string, string>>;
            }
          | undefined;
        /** Secret of the edges that is already in the namespace, made by hand or by External Secrets. Its keys are the names of the late-bound values. @default "edge-secrets" */
        readonly secret: string;
      }
    | undefined;
  /** This machine, which needs no settings: {} alone keeps a front off every cloud. Default: nothing is said. */
  readonly local?: Readonly<Record<string, never>> | undefined;
}
