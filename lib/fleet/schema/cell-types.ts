// Made from lib/fleet/schema/cell.ts: npx tsx scripts/write-schemas.ts

import type { PortRange } from '../../config-file/fields.ts';

/** A cell as a person writes it. */
export interface CellInput {
  /** Name of the cell: the stem of its file, and a part of every name made from it. */
  readonly name: string;
  /** Region that the cell is in. On AWS one of its regions. */
  readonly region: string;
  /** planned: not built yet; active: takes tenants; cordoned: takes no new tenants; draining: its tenants are moving away; retired: to be taken down. @default "active" */
  readonly state?: 'planned' | 'active' | 'cordoned' | 'draining' | 'retired' | undefined;
  /** Named size; chooses the defaults of the numbers below. @default "standard" */
  readonly size?: 'test' | 'small' | 'standard' | undefined;
  /** Tenants at most. Default by size: test 20, small 100, standard 500. */
  readonly maxTenants?: number | undefined;
  /** Private range of the cell, /16 to /22, disjoint from every other cell. @default "10.16.0.0/20" */
  readonly network?: string | undefined;
  /** The two session border controllers (Kamailio), one active, one standby. */
  readonly sbc?:
    | {
        /** SIP transports of the SBC on its public side; at least one is on. */
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
        /** Call set-ups per second for the whole cell. Default by size: test 200, small 50, standard 200. */
        readonly setupsPerSecond?: number | undefined;
        /** Shared memory of Kamailio in MiB. Default by size: test 384, small 832, standard 2560. */
        readonly sharedMemoryMiB?: number | undefined;
        /** Kamailio worker processes per listening UDP socket, and for TCP. @default 4 */
        readonly workers?: number | undefined;
        /** Connections of phones, exchanges and carriers over TCP and TLS. */
        readonly connections?:
          | {
              /** Number of connections over TLS, or over TCP, that are taken at once, each with 71,000 bytes of sharedMemoryMiB. Default by size: test 4000, small 8000, standard 20000. */
              readonly total?: number | undefined;
              /** Number of connections over TCP and TLS that one source may hold. That number may open in a burst, then a twentieth of it a second. 1200 are an office of 500 phones behind one address which reconnect after a power cut, before their old connections are found dead, and a fifth more. @default 1200 */
              readonly perSource?: number | undefined;
            }
          | undefined;
        /** Certificates of authorities that may sign a carrier’s certificate, beside the public ones: those of private interconnects. A carrier over TLS must also show the name or the address of its trunk. @default [] */
        readonly carrierAuthorities?: readonly string[] | undefined;
        /** Protection against floods, by source address. */
        readonly flood?:
          | {
              /** Requests per second from one source, above which it is banned; 20 times as many where somebody has logged in from it. Over TCP and TLS counted over 4 s, with one request more for each connection of connections.perSource, so that an office may register at once. Carriers and tenants’ exchanges are exempt. @default 50 */
              readonly requestsPerSecond?: number | undefined;
              /** How long a flooding source stays banned, in seconds. @default 300 */
              readonly banSeconds?: number | undefined;
            }
          | undefined;
      }
    | undefined;
  /** The media hosts (rtpengine and FreeSWITCH). */
  readonly media?:
    | {
        /** Media hosts. @default 4 */
        readonly hosts?: number | undefined;
        /** Forwarding of RTP in the kernel. required: without the kernel module the relay does not start. @default "required" */
        readonly kernelForwarding?: 'required' | 'preferred' | 'off' | undefined;
        /** Offer RTP and RTCP on one port (2 ports a relayed call instead of 4). @default false */
        readonly rtcpMux?: boolean | undefined;
        /** Relaying of calls between two ends (rtpengine). */
        readonly relay?:
          | {
              /** Concurrent relayed calls a host. Default by size: test 200, small 500, standard 2500. */
              readonly calls?: number | undefined;
              /** UDP ports of rtpengine on every media host, FROM-TO: 4 a relayed call, 2 with rtcpMux. Default: 30000-44999; 20000-29999 of a cell on Kubernetes, where Services have ports from 30000 on. */
              readonly ports?: string | undefined;
            }
          | undefined;
        /** Features that need audio processed (FreeSWITCH): announcements, voicemail, conferences. */
        readonly freeswitch?:
          | {
              /** Concurrent FreeSWITCH sessions (call legs) a host. Default by size: test 50, small 200, standard 900. */
              readonly sessions?: number | undefined;
              /** New FreeSWITCH sessions per second a host. Default by size: test 20, small 20, standard 30. */
              readonly sessionsPerSecond?: number | undefined;
              /** UDP ports of FreeSWITCH’s RTP on every media host, FROM-TO: 2 a session. @default "16384-19998" */
              readonly ports?: string | undefined;
              /** signalwire: packages from SignalWire with a token held in a secret; image: the machine image already has it. @default "signalwire" */
              readonly install?: 'signalwire' | 'image' | undefined;
              /** Folder of the voicemail messages on every media host; by default on the local disk. @default "/var/lib/freeswitch/voicemail" */
              readonly voicemailDirectory?: string | undefined;
              /** HTTP service that FreeSWITCH asks once a call for its feature’s settings; none by default. */
              readonly configurationService?: string | undefined;
            }
          | undefined;
        /** Tier to the numbers of the media hosts that serve it. Default: standard on all hosts, high-volume on the upper half. */
        readonly pools?: Readonly<Record<string, readonly number[]>> | undefined;
      }
    | undefined;
  /** When the cell itself ends a call, by a BYE to both sides. */
  readonly calls?:
    | {
        /** Seconds without a packet from either side after which a call that is not on hold ends. @default 60 */
        readonly silentSeconds?: number | undefined;
        /** Seconds without a packet from one side, after which a call ends whose sides both send and receive, and where that side has sent before, sends no RTCP and suppresses no silence. 0: never. @default 300 */
        readonly oneSidedSeconds?: 0 | number | undefined;
        /** Minutes after which an answered call ends, whatever happens in it. @default 240 */
        readonly longestMinutes?: number | undefined;
        /** How many times faster the timers that watch calls run. More than 1 in cells of size test only. @default 1 */
        readonly timerSpeedup?: number | undefined;
      }
    | undefined;
  /** The cell’s own probe, which places calls. */
  readonly probe?:
    | {
        /** Seconds between two calls that each SBC places through each media host to see whether they have audio; off: none. @default 20 */
        readonly intervalSeconds?: 'off' | number | undefined;
      }
    | undefined;
  /** PostgreSQL cluster. */
  readonly database?:
    | {
        /** Readers beside the writer. @default 1 */
        readonly readers?: number | undefined;
      }
    | undefined;
  /** Redis, which takes the call records. */
  readonly redis?:
    | {
        /** Replicas beside the primary. @default 1 */
        readonly replicas?: number | undefined;
      }
    | undefined;
  /** How long call records are kept. */
  readonly retention?:
    | {
        /** Days that call records are kept. @default 90 */
        readonly recordDays?: number | undefined;
      }
    | undefined;
  /** What only AWS understands; {} takes its defaults. Default: the cell is not on AWS. */
  readonly aws?:
    | {
        /** Availability zones by letter. Hosts are spread over them in turn. Default: the first three of the region, a, b and c in most. */
        readonly zones?: readonly string[] | undefined;
        /** The machines of the session border controllers. */
        readonly sbc?:
          | {
              /** EC2 type. Default by size: test t3.medium, small c6i.large, standard c6i.xlarge. */
              readonly instanceType?: string | undefined;
            }
          | undefined;
        /** The machines of the media hosts. */
        readonly media?:
          | {
              /** EC2 type. Default by size: test t3.medium, small c6in.large, standard c6in.2xlarge. */
              readonly instanceType?: string | undefined;
            }
          | undefined;
        /** The Aurora cluster. */
        readonly database?:
          | {
              /** Aurora PostgreSQL version. @default "15.10" */
              readonly version?: string | undefined;
              /** Class of writer and readers. Default by size: test db.t4g.medium, small db.t4g.medium, standard db.r6g.large. */
              readonly instanceClass?: string | undefined;
              /** Days that backups are kept. @default 7 */
              readonly backupRetentionDays?: number | undefined;
              /** Snapshot from which the database of a new cell is made. A database that is there already takes no notice of it. Default: an empty database. */
              readonly restoreFrom?: string | undefined;
            }
          | undefined;
        /** The ElastiCache replication group. */
        readonly redis?:
          | {
              /** ElastiCache engine version. @default "7.1" */
              readonly version?: string | undefined;
              /** Node type. Default by size: test cache.t4g.micro, small cache.t4g.small, standard cache.m6g.large. */
              readonly nodeType?: string | undefined;
            }
          | undefined;
        /** When AWS may change the database and Redis, in UTC: changes of an apply wait for it. Default: a window that AWS chooses. */
        readonly maintenanceWindow?: string | undefined;
        /** How long logs are kept. */
        readonly retention?:
          | {
              /** Days that logs are kept (one of the values that CloudWatch Logs takes). @default 30 */
              readonly logDays?:
                1 | 3 | 5 | 7 | 14 | 30 | 60 | 90 | 120 | 150 | 180 | 365 | 400 | 545 | 731 | undefined;
            }
          | undefined;
        /** AMI of all hosts. Default: the newest Debian 12 image of the region; regions of AWS GovCloud (us-gov-…) have none. */
        readonly image?: string | undefined;
        /** Addresses that are subscribed to the alarm topic. @default [] */
        readonly alarmEmails?: readonly string[] | undefined;
      }
    | undefined;
  /** What only Kubernetes understands. Default: the cell is not on Kubernetes. */
  readonly kubernetes?:
    | {
        /** What the hosts run: all programs of a role are in one image. */
        readonly images: {
          /** Image of the SBCs, with its digest. */
          readonly sbc: string;
          /** Image of the media hosts, with its digest. */
          readonly media: string;
          /** Image with PostgreSQL 15 and Redis, with its digest, for those in the cluster by StatefulSet. Default: none. */
          readonly data?: string | undefined;
        };
        /** Public address of the active SBC. It moves by VRRP and ARP, so both SBC nodes are on one link, with their private addresses in network. */
        readonly floatingAddress: string;
        /** Public addresses of the media relays, that of media-1 first. They move by ARP to another media node with the calls when a node is lost, so all media nodes are on one link, with their private addresses in network. Default: none; a relay has the public address of its node, and its calls end with it. */
        readonly mediaAddresses?: readonly string[] | undefined;
        /** The nodes that carry the cell’s hosts. */
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
              /** Operating system of the media nodes, which must have the kernel module of the relay. @default "debian" */
              readonly system?: 'debian' | 'ubuntu' | 'amazon-linux-2023' | 'bottlerocket' | 'talos' | undefined;
              /** Ports that the cluster gives to Services, FROM-TO (--service-node-port-range of the API server). @default "30000-32767" */
              readonly nodePorts?: string | undefined;
              /** Where a media host without mediaAddresses reads its public address on its Node: the address of type ExternalIP, or the annotation cellstamp.io/public-address. Without one it does not start. @default "external-ip" */
              readonly publicAddressFrom?: 'external-ip' | 'annotation' | undefined;
            }
          | undefined;
        /** Minutes that a pod which ends waits for its calls. Default: calls.longestMinutes. */
        readonly drainMinutes?: number | undefined;
        /** The PostgreSQL of the cell. */
        readonly database: {
          /** Host name or address of the PostgreSQL writer, on port 5432, with TLS. */
          readonly host: string;
          /** PostgreSQL user that owns the schema. @default "cellstamp_admin" */
          readonly adminUser?: string | undefined;
          /** A PostgreSQL in the cell’s namespace, on nodes of no host. host is the address then that its Service gets, one of the cluster’s range for Services that no other has, and its certificate is for that address. Default: none; it is elsewhere. */
          readonly inCluster?:
            | {
                /** cloudnative-pg: a Cluster of that operator, which must be in the cluster. statefulset: one PostgreSQL without a replica or a backup, for laptops and tests. */
                readonly by: 'cloudnative-pg' | 'statefulset';
                /** How many PostgreSQLs the Cluster has: a primary and its replicas. A StatefulSet has one and takes no number. Default: 2. */
                readonly instances?: number | undefined;
                /** Size of each volume, for example 20Gi. @default "10Gi" */
                readonly storage?: string | undefined;
                /** StorageClass of the volumes. Default: the cluster’s own. */
                readonly storageClass?: string | undefined;
              }
            | undefined;
        };
        /** The Redis of the cell. */
        readonly redis: {
          /** Host name or address of the Redis primary, on port 6379, with TLS. */
          readonly host: string;
          /** A StatefulSet with one Redis, for laptops and tests. host is the address then that its Service gets. Default: none; it is elsewhere. */
          readonly inCluster?:
            | {
                /** Size of each volume, for example 20Gi. @default "10Gi" */
                readonly storage?: string | undefined;
                /** StorageClass of the volumes. Default: the cluster’s own. */
                readonly storageClass?: string | undefined;
              }
            | undefined;
        };
        /** A PodMonitor for each role and a PrometheusRule, of the Prometheus operator, whose CustomResourceDefinitions must be in the cluster. Default: none. */
        readonly monitoring?:
          | {
              /** Ranges from which Prometheus asks the hosts for their metrics: of its pods, or of the nodes that they are on. */
              readonly from: readonly string[];
              /** Labels by which that Prometheus selects PodMonitors and PrometheusRules, for example release: kube-prometheus-stack. */
              readonly labels?: Readonly<Record<string, string>> | undefined;
            }
          | undefined;
        /** Secrets that are already in the namespace, made by hand or by External Secrets. Their keys are the names of the late-bound values. */
        readonly secrets?:
          | {
              /** Secret of the SBCs. @default "sbc-secrets" */
              readonly sbc?: string | undefined;
              /** Secret of the media hosts. @default "media-secrets" */
              readonly media?: string | undefined;
              /** Secret of a PostgreSQL and a Redis that are StatefulSets. @default "data-secrets" */
              readonly data?: string | undefined;
            }
          | undefined;
      }
    | undefined;
  /** This machine, which needs no settings: {} alone keeps a cell off every cloud. Default: nothing is said. */
  readonly local?: Readonly<Record<string, never>> | undefined;
  /** How calls to the outside find their trunk. Default: by the order of the trunks. */
  readonly routing?:
    | {
        /** File of prices that `provision` reads, from the folder of the cell’s file: lines `prefix,trunk,price`, for example +4989,carrier-a,0.012. A call leaves by the cheapest of its tenant’s trunks, by the longest prefix of the number; a number with no prefix there by the trunks in their order. */
        readonly prices: string;
      }
    | undefined;
  /** Carriers. @default [] */
  readonly trunks?:
    | readonly {
        /** Name of the trunk, unique in the cell. */
        readonly name: string;
        /** Signalling address or domain name of the carrier. */
        readonly address: string;
        /** Signalling port of the carrier. @default 5060 */
        readonly port?: number | undefined;
        /** Transport towards the carrier. @default "udp" */
        readonly transport?: 'udp' | 'tcp' | 'tls' | undefined;
        /** Further source ranges from which this carrier sends calls, beside its address. @default [] */
        readonly sources?: readonly string[] | undefined;
        /** Limits of all calls over this trunk, both directions together. */
        readonly limits?:
          | {
              /** Concurrent calls. @default 200 */
              readonly calls?: number | undefined;
              /** Call set-ups per second, long-term rate of the token bucket. @default 20 */
              readonly callsPerSecond?: number | undefined;
              /** Call set-ups that may come at once: the depth of the token bucket. @default 40 */
              readonly burst?: number | undefined;
            }
          | undefined;
        /** SIP statuses of this carrier after which a call goes on to the tenant’s next trunk. 3xx, silence, and 401 and 407 that `credentials` do not answer, always do; what says that the callee is busy or does not want the call (486, 487, 6xx, or any status with such a Q.850 Reason) never does. @default [403,404,408,500,502,503,504] */
        readonly failOverOn?: readonly number[] | undefined;
        /** How the SBC answers this carrier’s digest challenges (401, 407). Default: it has no account there. */
        readonly credentials?:
          | {
              /** User name at the carrier. */
              readonly user: string;
              /** Realm whose challenges are answered. Default: whichever the carrier names. */
              readonly realm?: string | undefined;
              /** Environment variable from which `provision` and `up` take the password, 1 to 63 printable characters. Unset, the cell keeps the password that it has. */
              readonly passwordVariable: string;
            }
          | undefined;
        /** Seconds between two OPTIONS to each address of this carrier. While an address gives no answer, or 503, a call tries every other one first. Default: only calls show that it is silent. */
        readonly probeSeconds?: number | undefined;
        /** How this carrier writes numbers. */
        readonly numbers?:
          | {
              /** How numbers are written to this carrier: +4930123456, 4930123456, 004930123456, or national (030123456) for those of `country` and international for others. From it any of these forms is understood. @default "e164" */
              readonly form?: 'e164' | 'digits' | 'international' | 'national' | undefined;
              /** Country code of national numbers. Default: there are none. */
              readonly country?: string | undefined;
              /** What stands before a national number: 0 in most countries, nothing in some. @default "0" */
              readonly trunkPrefix?: string | undefined;
              /** What this carrier wants before each number that it is asked to call, for example a code that chooses a route. @default "" */
              readonly prefix?: string | undefined;
              /** What this carrier puts before the numbers that it calls, to be removed. @default "" */
              readonly strip?: string | undefined;
            }
          | undefined;
        /** The header that tells this carrier who calls, beside From; `from`: none beside it. @default "p-asserted-identity" */
        readonly identity?: 'p-asserted-identity' | 'remote-party-id' | 'from' | undefined;
        /** The headers that tell this carrier who has forwarded a call: Diversion (RFC 5806), History-Info (RFC 7044). @default "both" */
        readonly diversion?: 'both' | 'diversion' | 'history-info' | 'none' | undefined;
        /** The active SBC registers with this carrier, with the floating address as its Contact; {} takes the defaults. It needs credentials. Default: it does not register. */
        readonly register?:
          | {
              /** Domain of the registration, at the carrier’s registrar. Default: the address of the trunk. */
              readonly domain?: string | undefined;
              /** Seconds that a registration is asked for; it is renewed after half of what the carrier grants. @default 300 */
              readonly expiresSeconds?: number | undefined;
            }
          | undefined;
      }[]
    | undefined;
  /** Emergency calls: country (ISO 3166-1) to the way to its emergency services. Empty: the cell has none, and 112 is a number like any other. */
  readonly emergency?:
    | Readonly<
        Record<
          string,
          {
            /** Trunks to the emergency services of the country, in order of preference: names under trunks. */
            readonly trunks: readonly string[];
            /** What these carriers are called with: the number, for example 112, or the service of RFC 5031, for example urn:service:sos. @default "number" */
            readonly form?: 'number' | 'urn' | undefined;
            /** What the probe calls once a day to test the route: the carrier’s own test number, which must not be an emergency number anywhere; where form is urn also urn:service:test.sos (RFC 6881). Default: urn:service:test.sos where form is urn; else no test. */
            readonly test?: string | undefined;
          }
        >
      >
    | undefined;
  /** Protection against calls that somebody places at a tenant’s cost. */
  readonly fraud?:
    | {
        /** Calls to premium-rate numbers and to codes that belong to no country (satellites, international networks). refused: unless the tenant names the prefix under outbound.destinations. @default "refused" */
        readonly highRisk?: 'refused' | 'allowed' | undefined;
        /** Whether tenants of the cell may have destinations and caps of their own (outbound). @default false */
        readonly byTenant?: boolean | undefined;
      }
    | undefined;
  /** Tenants that the cell starts with. Tenants are data: changing them changes no infrastructure. @default [] */
  readonly tenants?:
    | readonly {
        /** Name of the tenant, unique in the fleet. */
        readonly name: string;
        /** SIP domain of the tenant, unique in the fleet. */
        readonly domain: string;
        /** Media pool that serves the tenant: a key of media.pools. @default "standard" */
        readonly tier?: string | undefined;
        /** Direct-dial number to where it rings: a user name of the tenant, a feature code such as *43 (echo test), or `@exchange`, the tenant’s own PBX, which gets the number as it was called. */
        readonly dids?: Readonly<Record<string, string>> | undefined;
        /** The tenant’s own PBX, known by its address, to which the numbers with `@exchange` go. Default: none. */
        readonly exchange?:
          | {
              /** Signalling address of the PBX, in one of the sources. */
              readonly address: string;
              /** Signalling port of the PBX. @default 5060 */
              readonly port?: number | undefined;
              /** Transport towards the PBX. @default "udp" */
              readonly transport?: 'udp' | 'tcp' | undefined;
            }
          | undefined;
        /** User of the tenant to where its calls go, by what becomes of them: a number, a user, a feature code, or voicemail (the user’s own box). */
        readonly forwards?:
          | Readonly<
              Record<
                string,
                {
                  /** Where every call goes; the phone does not ring. Default: it rings. */
                  readonly always?: string | undefined;
                  /** Where a call goes that the phone refuses (486, 600, 603). Default: nowhere. */
                  readonly busy?: string | undefined;
                  /** Where a call goes that is not answered within noAnswerSeconds. Default: nowhere. */
                  readonly noAnswer?: string | undefined;
                  /** Seconds for which the phone rings. @default 20 */
                  readonly noAnswerSeconds?: number | undefined;
                  /** Where a call goes while no phone of the user is registered. Default: nowhere. */
                  readonly notRegistered?: string | undefined;
                }
              >
            >
          | undefined;
        /** Source ranges of the tenant’s own PBX, which may call without registration. @default [] */
        readonly sources?: readonly string[] | undefined;
        /** Limits of all calls of this tenant. */
        readonly limits?:
          | {
              /** Concurrent calls. @default 50 */
              readonly calls?: number | undefined;
              /** Call set-ups per second, long-term rate of the token bucket. @default 5 */
              readonly callsPerSecond?: number | undefined;
              /** Call set-ups that may come at once: the depth of the token bucket. @default 10 */
              readonly burst?: number | undefined;
              /** Concurrent calls that are always admitted, at most `calls`. Once a tenant of a cell has some, calls above guarantees share what the cell relays with one media host lost, less all guarantees. @default 0 */
              readonly guaranteedCalls?: number | undefined;
              /** Minutes after which an answered call of this tenant ends. Default: calls.longestMinutes. */
              readonly longestMinutes?: number | undefined;
              /** calls.oneSidedSeconds for calls of this tenant; 0: never. Default: that of the cell. */
              readonly oneSidedSeconds?: 0 | number | undefined;
            }
          | undefined;
        /** Codecs that the tenant’s calls may use, in this order; empty: what the two ends agree on. @default [] */
        readonly codecs?: readonly ('PCMU' | 'PCMA' | 'G722' | 'opus' | 'G729')[] | undefined;
        /** Trunks for calls to the outside, in order of preference; empty: all trunks of the cell. @default [] */
        readonly trunks?: readonly string[] | undefined;
        /** Country of the tenant (ISO 3166-1): which numbers are emergency numbers, and which calls are international. Default: unknown. */
        readonly country?: string | undefined;
        /** Places of the tenant’s users, for emergency calls. */
        readonly sites?:
          | Readonly<
              Record<
                string,
                {
                  /** Country of the site. Default: that of the tenant. */
                  readonly country?: string | undefined;
                  /** What emergency services learn. Default: nothing but the callback number. */
                  readonly location?:
                    | {
                        /** Address by elements (RFC 5139): A1 state or province, A2 county, A3 city, A4 district of the city, A5 neighbourhood, A6 group of streets, RD street, PRD direction before the street’s name, POD direction behind the street’s name, STS street suffix, HNO house number, HNS house number suffix, LMK landmark, LOC further description, NAM name of the occupant, PC postal code, BLD building, UNIT apartment or suite, FLR floor, ROOM room, SEAT desk, PLC kind of place. The country is the site’s. Default: none. */
                        readonly civic?: Readonly<Record<string, string>> | undefined;
                        /** Latitude and longitude in degrees (WGS 84), with a space between them. Default: none. */
                        readonly point?: string | undefined;
                        /** Address of a location server that tells the location (RFC 6442), instead of the location itself. Default: none. */
                        readonly reference?: string | undefined;
                      }
                    | undefined;
                  /** Number under which emergency services call back. Default: the number of the caller, or else the tenant’s first one. */
                  readonly callback?: string | undefined;
                  /** Users who are at this site. A user with a place of its own has a site of its own. @default [] */
                  readonly users?: readonly string[] | undefined;
                }
              >
            >
          | undefined;
        /** Limits of the tenant’s calls through carriers, emergency calls excepted. Default: none of its own. */
        readonly outbound?:
          | {
              /** Prefixes of numbers that may be called through carriers; + is every number. A high-risk prefix must be named itself, or one within it. @default ["+"] */
              readonly destinations?: readonly string[] | undefined;
              /** Minutes of calls through carriers in a day (UTC). Default: no cap. */
              readonly minutesPerDay?: number | undefined;
              /** Minutes in a day of each user. Default: no cap. */
              readonly minutesPerDayOfUser?: number | undefined;
              /** Concurrent calls to other countries than the tenant’s. Default: no cap. */
              readonly internationalCalls?: number | undefined;
              /** Concurrent calls to other countries of each user. Default: no cap. */
              readonly internationalCallsOfUser?: number | undefined;
              /** Percent of a cap from which an alarm goes off. @default 80 */
              readonly alarmPercent?: number | undefined;
            }
          | undefined;
        /** Group that the tenant belongs to; its tenants never share a cell. Default: it stands alone. */
        readonly enterprise?: string | undefined;
        /** Regions that the tenant may be moved to. Default: the region of its cell. */
        readonly regions?: readonly string[] | undefined;
        /** Where its cell must be by law, as the planner knows of cells, for example EU. Default: anywhere. */
        readonly jurisdiction?: string | undefined;
      }[]
    | undefined;
}

/** A cell's spec with every default filled in. */
export interface CellSpec {
  /** Name of the cell: the stem of its file, and a part of every name made from it. */
  readonly name: string;
  /** Region that the cell is in. On AWS one of its regions. */
  readonly region: string;
  /** planned: not built yet; active: takes tenants; cordoned: takes no new tenants; draining: its tenants are moving away; retired: to be taken down. @default "active" */
  readonly state: 'planned' | 'active' | 'cordoned' | 'draining' | 'retired';
  /** Named size; chooses the defaults of the numbers below. @default "standard" */
  readonly size: 'test' | 'small' | 'standard';
  /** Tenants at most. Default by size: test 20, small 100, standard 500. */
  readonly maxTenants: number;
  /** Private range of the cell, /16 to /22, disjoint from every other cell. @default "10.16.0.0/20" */
  readonly network: string;
  /** The two session border controllers (Kamailio), one active, one standby. */
  readonly sbc: {
    /** SIP transports of the SBC on its public side; at least one is on. */
    readonly transports: {
      /** Port of SIP over UDP, or off. @default 5060 */
      readonly udp: number | 'off';
      /** Port of SIP over TCP, or off. @default 5060 */
      readonly tcp: number | 'off';
      /** Port of SIP over TLS, or off. @default 5061 */
      readonly tls: number | 'off';
    };
    /** Call set-ups per second for the whole cell. Default by size: test 200, small 50, standard 200. */
    readonly setupsPerSecond: number;
    /** Shared memory of Kamailio in MiB. Default by size: test 384, small 832, standard 2560. */
    readonly sharedMemoryMiB: number;
    /** Kamailio worker processes per listening UDP socket, and for TCP. @default 4 */
    readonly workers: number;
    /** Connections of phones, exchanges and carriers over TCP and TLS. */
    readonly connections: {
      /** Number of connections over TLS, or over TCP, that are taken at once, each with 71,000 bytes of sharedMemoryMiB. Default by size: test 4000, small 8000, standard 20000. */
      readonly total: number;
      /** Number of connections over TCP and TLS that one source may hold. That number may open in a burst, then a twentieth of it a second. 1200 are an office of 500 phones behind one address which reconnect after a power cut, before their old connections are found dead, and a fifth more. @default 1200 */
      readonly perSource: number;
    };
    /** Certificates of authorities that may sign a carrier’s certificate, beside the public ones: those of private interconnects. A carrier over TLS must also show the name or the address of its trunk. @default [] */
    readonly carrierAuthorities: readonly string[];
    /** Protection against floods, by source address. */
    readonly flood: {
      /** Requests per second from one source, above which it is banned; 20 times as many where somebody has logged in from it. Over TCP and TLS counted over 4 s, with one request more for each connection of connections.perSource, so that an office may register at once. Carriers and tenants’ exchanges are exempt. @default 50 */
      readonly requestsPerSecond: number;
      /** How long a flooding source stays banned, in seconds. @default 300 */
      readonly banSeconds: number;
    };
  };
  /** The media hosts (rtpengine and FreeSWITCH). */
  readonly media: {
    /** Media hosts. @default 4 */
    readonly hosts: number;
    /** Forwarding of RTP in the kernel. required: without the kernel module the relay does not start. @default "required" */
    readonly kernelForwarding: 'required' | 'preferred' | 'off';
    /** Offer RTP and RTCP on one port (2 ports a relayed call instead of 4). @default false */
    readonly rtcpMux: boolean;
    /** Relaying of calls between two ends (rtpengine). */
    readonly relay: {
      /** Concurrent relayed calls a host. Default by size: test 200, small 500, standard 2500. */
      readonly calls: number;
      /** UDP ports of rtpengine on every media host, FROM-TO: 4 a relayed call, 2 with rtcpMux. Default: 30000-44999; 20000-29999 of a cell on Kubernetes, where Services have ports from 30000 on. */
      readonly ports: PortRange;
    };
    /** Features that need audio processed (FreeSWITCH): announcements, voicemail, conferences. */
    readonly freeswitch: {
      /** Concurrent FreeSWITCH sessions (call legs) a host. Default by size: test 50, small 200, standard 900. */
      readonly sessions: number;
      /** New FreeSWITCH sessions per second a host. Default by size: test 20, small 20, standard 30. */
      readonly sessionsPerSecond: number;
      /** UDP ports of FreeSWITCH’s RTP on every media host, FROM-TO: 2 a session. @default "16384-19998" */
      readonly ports: PortRange;
      /** signalwire: packages from SignalWire with a token held in a secret; image: the machine image already has it. @default "signalwire" */
      readonly install: 'signalwire' | 'image';
      /** Folder of the voicemail messages on every media host; by default on the local disk. @default "/var/lib/freeswitch/voicemail" */
      readonly voicemailDirectory: string;
      /** HTTP service that FreeSWITCH asks once a call for its feature’s settings; none by default. */
      readonly configurationService?: string | undefined;
    };
    /** Tier to the numbers of the media hosts that serve it. Default: standard on all hosts, high-volume on the upper half. */
    readonly pools: Readonly<Record<string, readonly number[]>>;
  };
  /** When the cell itself ends a call, by a BYE to both sides. */
  readonly calls: {
    /** Seconds without a packet from either side after which a call that is not on hold ends. @default 60 */
    readonly silentSeconds: number;
    /** Seconds without a packet from one side, after which a call ends whose sides both send and receive, and where that side has sent before, sends no RTCP and suppresses no silence. 0: never. @default 300 */
    readonly oneSidedSeconds: 0 | number;
    /** Minutes after which an answered call ends, whatever happens in it. @default 240 */
    readonly longestMinutes: number;
    /** How many times faster the timers that watch calls run. More than 1 in cells of size test only. @default 1 */
    readonly timerSpeedup: number;
  };
  /** The cell’s own probe, which places calls. */
  readonly probe: {
    /** Seconds between two calls that each SBC places through each media host to see whether they have audio; off: none. @default 20 */
    readonly intervalSeconds: 'off' | number;
  };
  /** PostgreSQL cluster. */
  readonly database: {
    /** Readers beside the writer. @default 1 */
    readonly readers: number;
  };
  /** Redis, which takes the call records. */
  readonly redis: {
    /** Replicas beside the primary. @default 1 */
    readonly replicas: number;
  };
  /** How long call records are kept. */
  readonly retention: {
    /** Days that call records are kept. @default 90 */
    readonly recordDays: number;
  };
  /** What only AWS understands; {} takes its defaults. Default: the cell is not on AWS. */
  readonly aws?:
    | {
        /** Availability zones by letter. Hosts are spread over them in turn. Default: the first three of the region, a, b and c in most. */
        readonly zones: readonly string[];
        /** The machines of the session border controllers. */
        readonly sbc: {
          /** EC2 type. Default by size: test t3.medium, small c6i.large, standard c6i.xlarge. */
          readonly instanceType: string;
        };
        /** The machines of the media hosts. */
        readonly media: {
          /** EC2 type. Default by size: test t3.medium, small c6in.large, standard c6in.2xlarge. */
          readonly instanceType: string;
        };
        /** The Aurora cluster. */
        readonly database: {
          /** Aurora PostgreSQL version. @default "15.10" */
          readonly version: string;
          /** Class of writer and readers. Default by size: test db.t4g.medium, small db.t4g.medium, standard db.r6g.large. */
          readonly instanceClass: string;
          /** Days that backups are kept. @default 7 */
          readonly backupRetentionDays: number;
          /** Snapshot from which the database of a new cell is made. A database that is there already takes no notice of it. Default: an empty database. */
          readonly restoreFrom?: string | undefined;
        };
        /** The ElastiCache replication group. */
        readonly redis: {
          /** ElastiCache engine version. @default "7.1" */
          readonly version: string;
          /** Node type. Default by size: test cache.t4g.micro, small cache.t4g.small, standard cache.m6g.large. */
          readonly nodeType: string;
        };
        /** When AWS may change the database and Redis, in UTC: changes of an apply wait for it. Default: a window that AWS chooses. */
        readonly maintenanceWindow?: string | undefined;
        /** How long logs are kept. */
        readonly retention: {
          /** Days that logs are kept (one of the values that CloudWatch Logs takes). @default 30 */
          readonly logDays: 1 | 3 | 5 | 7 | 14 | 30 | 60 | 90 | 120 | 150 | 180 | 365 | 400 | 545 | 731;
        };
        /** AMI of all hosts. Default: the newest Debian 12 image of the region; regions of AWS GovCloud (us-gov-…) have none. */
        readonly image?: string | undefined;
        /** Addresses that are subscribed to the alarm topic. @default [] */
        readonly alarmEmails: readonly string[];
      }
    | undefined;
  /** What only Kubernetes understands. Default: the cell is not on Kubernetes. */
  readonly kubernetes?:
    | {
        /** What the hosts run: all programs of a role are in one image. */
        readonly images: {
          /** Image of the SBCs, with its digest. */
          readonly sbc: string;
          /** Image of the media hosts, with its digest. */
          readonly media: string;
          /** Image with PostgreSQL 15 and Redis, with its digest, for those in the cluster by StatefulSet. Default: none. */
          readonly data?: string | undefined;
        };
        /** Public address of the active SBC. It moves by VRRP and ARP, so both SBC nodes are on one link, with their private addresses in network. */
        readonly floatingAddress: string;
        /** Public addresses of the media relays, that of media-1 first. They move by ARP to another media node with the calls when a node is lost, so all media nodes are on one link, with their private addresses in network. Default: none; a relay has the public address of its node, and its calls end with it. */
        readonly mediaAddresses?: readonly string[] | undefined;
        /** The nodes that carry the cell’s hosts. */
        readonly nodes: {
          /** Who takes nodes out of service, and so decides how long calls may go on there. @default "self-managed" */
          readonly managedBy:
            'self-managed' | 'karpenter' | 'cluster-autoscaler' | 'eks-managed' | 'aks-managed' | 'gke-managed';
          /** Operating system of the media nodes, which must have the kernel module of the relay. @default "debian" */
          readonly system: 'debian' | 'ubuntu' | 'amazon-linux-2023' | 'bottlerocket' | 'talos';
          /** Ports that the cluster gives to Services, FROM-TO (--service-node-port-range of the API server). @default "30000-32767" */
          readonly nodePorts: PortRange;
          /** Where a media host without mediaAddresses reads its public address on its Node: the address of type ExternalIP, or the annotation cellstamp.io/public-address. Without one it does not start. @default "external-ip" */
          readonly publicAddressFrom: 'external-ip' | 'annotation';
        };
        /** Minutes that a pod which ends waits for its calls. Default: calls.longestMinutes. */
        readonly drainMinutes: number;
        /** The PostgreSQL of the cell. */
        readonly database: {
          /** Host name or address of the PostgreSQL writer, on port 5432, with TLS. */
          readonly host: string;
          /** PostgreSQL user that owns the schema. @default "cellstamp_admin" */
          readonly adminUser: string;
          /** A PostgreSQL in the cell’s namespace, on nodes of no host. host is the address then that its Service gets, one of the cluster’s range for Services that no other has, and its certificate is for that address. Default: none; it is elsewhere. */
          readonly inCluster?:
            | {
                /** cloudnative-pg: a Cluster of that operator, which must be in the cluster. statefulset: one PostgreSQL without a replica or a backup, for laptops and tests. */
                readonly by: 'cloudnative-pg' | 'statefulset';
                /** How many PostgreSQLs the Cluster has: a primary and its replicas. A StatefulSet has one and takes no number. Default: 2. */
                readonly instances?: number | undefined;
                /** Size of each volume, for example 20Gi. @default "10Gi" */
                readonly storage: string;
                /** StorageClass of the volumes. Default: the cluster’s own. */
                readonly storageClass?: string | undefined;
              }
            | undefined;
        };
        /** The Redis of the cell. */
        readonly redis: {
          /** Host name or address of the Redis primary, on port 6379, with TLS. */
          readonly host: string;
          /** A StatefulSet with one Redis, for laptops and tests. host is the address then that its Service gets. Default: none; it is elsewhere. */
          readonly inCluster?:
            | {
                /** Size of each volume, for example 20Gi. @default "10Gi" */
                readonly storage: string;
                /** StorageClass of the volumes. Default: the cluster’s own. */
                readonly storageClass?: string | undefined;
              }
            | undefined;
        };
        /** A PodMonitor for each role and a PrometheusRule, of the Prometheus operator, whose CustomResourceDefinitions must be in the cluster. Default: none. */
        readonly monitoring?:
          | {
              /** Ranges from which Prometheus asks the hosts for their metrics: of its pods, or of the nodes that they are on. */
              readonly from: readonly string[];
              /** Labels by which that Prometheus selects PodMonitors and PrometheusRules, for example release: kube-prometheus-stack. */
              readonly labels: Readonly<Record<string, string>>;
            }
          | undefined;
        /** Secrets that are already in the namespace, made by hand or by External Secrets. Their keys are the names of the late-bound values. */
        readonly secrets: {
          /** Secret of the SBCs. @default "sbc-secrets" */
          readonly sbc: string;
          /** Secret of the media hosts. @default "media-secrets" */
          readonly media: string;
          /** Secret of a PostgreSQL and a Redis that are StatefulSets. @default "data-secrets" */
          readonly data: string;
        };
      }
    | undefined;
  /** This machine, which needs no settings: {} alone keeps a cell off every cloud. Default: nothing is said. */
  readonly local?: Readonly<Record<string, never>> | undefined;
  /** How calls to the outside find their trunk. Default: by the order of the trunks. */
  readonly routing?:
    | {
        /** File of prices that `provision` reads, from the folder of the cell’s file: lines `prefix,trunk,price`, for example +4989,carrier-a,0.012. A call leaves by the cheapest of its tenant’s trunks, by the longest prefix of the number; a number with no prefix there by the trunks in their order. */
        readonly prices: string;
      }
    | undefined;
  /** Carriers. @default [] */
  readonly trunks: readonly {
    /** Name of the trunk, unique in the cell. */
    readonly name: string;
    /** Signalling address or domain name of the carrier. */
    readonly address: string;
    /** Signalling port of the carrier. @default 5060 */
    readonly port: number;
    /** Transport towards the carrier. @default "udp" */
    readonly transport: 'udp' | 'tcp' | 'tls';
    /** Further source ranges from which this carrier sends calls, beside its address. @default [] */
    readonly sources: readonly string[];
    /** Limits of all calls over this trunk, both directions together. */
    readonly limits: {
      /** Concurrent calls. @default 200 */
      readonly calls: number;
      /** Call set-ups per second, long-term rate of the token bucket. @default 20 */
      readonly callsPerSecond: number;
      /** Call set-ups that may come at once: the depth of the token bucket. @default 40 */
      readonly burst: number;
    };
    /** SIP statuses of this carrier after which a call goes on to the tenant’s next trunk. 3xx, silence, and 401 and 407 that `credentials` do not answer, always do; what says that the callee is busy or does not want the call (486, 487, 6xx, or any status with such a Q.850 Reason) never does. @default [403,404,408,500,502,503,504] */
    readonly failOverOn: readonly number[];
    /** How the SBC answers this carrier’s digest challenges (401, 407). Default: it has no account there. */
    readonly credentials?:
      | {
          /** User name at the carrier. */
          readonly user: string;
          /** Realm whose challenges are answered. Default: whichever the carrier names. */
          readonly realm?: string | undefined;
          /** Environment variable from which `provision` and `up` take the password, 1 to 63 printable characters. Unset, the cell keeps the password that it has. */
          readonly passwordVariable: string;
        }
      | undefined;
    /** Seconds between two OPTIONS to each address of this carrier. While an address gives no answer, or 503, a call tries every other one first. Default: only calls show that it is silent. */
    readonly probeSeconds?: number | undefined;
    /** How this carrier writes numbers. */
    readonly numbers: {
      /** How numbers are written to this carrier: +4930123456, 4930123456, 004930123456, or national (030123456) for those of `country` and international for others. From it any of these forms is understood. @default "e164" */
      readonly form: 'e164' | 'digits' | 'international' | 'national';
      /** Country code of national numbers. Default: there are none. */
      readonly country?: string | undefined;
      /** What stands before a national number: 0 in most countries, nothing in some. @default "0" */
      readonly trunkPrefix: string;
      /** What this carrier wants before each number that it is asked to call, for example a code that chooses a route. @default "" */
      readonly prefix: string;
      /** What this carrier puts before the numbers that it calls, to be removed. @default "" */
      readonly strip: string;
    };
    /** The header that tells this carrier who calls, beside From; `from`: none beside it. @default "p-asserted-identity" */
    readonly identity: 'p-asserted-identity' | 'remote-party-id' | 'from';
    /** The headers that tell this carrier who has forwarded a call: Diversion (RFC 5806), History-Info (RFC 7044). @default "both" */
    readonly diversion: 'both' | 'diversion' | 'history-info' | 'none';
    /** The active SBC registers with this carrier, with the floating address as its Contact; {} takes the defaults. It needs credentials. Default: it does not register. */
    readonly register?:
      | {
          /** Domain of the registration, at the carrier’s registrar. Default: the address of the trunk. */
          readonly domain?: string | undefined;
          /** Seconds that a registration is asked for; it is renewed after half of what the carrier grants. @default 300 */
          readonly expiresSeconds: number;
        }
      | undefined;
  }[];
  /** Emergency calls: country (ISO 3166-1) to the way to its emergency services. Empty: the cell has none, and 112 is a number like any other. */
  readonly emergency: Readonly<
    Record<
      string,
      {
        /** Trunks to the emergency services of the country, in order of preference: names under trunks. */
        readonly trunks: readonly string[];
        /** What these carriers are called with: the number, for example 112, or the service of RFC 5031, for example urn:service:sos. @default "number" */
        readonly form: 'number' | 'urn';
        /** What the probe calls once a day to test the route: the carrier’s own test number, which must not be an emergency number anywhere; where form is urn also urn:service:test.sos (RFC 6881). Default: urn:service:test.sos where form is urn; else no test. */
        readonly test?: string | undefined;
      }
    >
  >;
  /** Protection against calls that somebody places at a tenant’s cost. */
  readonly fraud: {
    /** Calls to premium-rate numbers and to codes that belong to no country (satellites, international networks). refused: unless the tenant names the prefix under outbound.destinations. @default "refused" */
    readonly highRisk: 'refused' | 'allowed';
    /** Whether tenants of the cell may have destinations and caps of their own (outbound). @default false */
    readonly byTenant: boolean;
  };
  /** Tenants that the cell starts with. Tenants are data: changing them changes no infrastructure. @default [] */
  readonly tenants: readonly {
    /** Name of the tenant, unique in the fleet. */
    readonly name: string;
    /** SIP domain of the tenant, unique in the fleet. */
    readonly domain: string;
    /** Media pool that serves the tenant: a key of media.pools. @default "standard" */
    readonly tier: string;
    /** Direct-dial number to where it rings: a user name of the tenant, a feature code such as *43 (echo test), or `@exchange`, the tenant’s own PBX, which gets the number as it was called. */
    readonly dids: Readonly<Record<string, string>>;
    /** The tenant’s own PBX, known by its address, to which the numbers with `@exchange` go. Default: none. */
    readonly exchange?:
      | {
          /** Signalling address of the PBX, in one of the sources. */
          readonly address: string;
          /** Signalling port of the PBX. @default 5060 */
          readonly port: number;
          /** Transport towards the PBX. @default "udp" */
          readonly transport: 'udp' | 'tcp';
        }
      | undefined;
    /** User of the tenant to where its calls go, by what becomes of them: a number, a user, a feature code, or voicemail (the user’s own box). */
    readonly forwards: Readonly<
      Record<
        string,
        {
          /** Where every call goes; the phone does not ring. Default: it rings. */
          readonly always?: string | undefined;
          /** Where a call goes that the phone refuses (486, 600, 603). Default: nowhere. */
          readonly busy?: string | undefined;
          /** Where a call goes that is not answered within noAnswerSeconds. Default: nowhere. */
          readonly noAnswer?: string | undefined;
          /** Seconds for which the phone rings. @default 20 */
          readonly noAnswerSeconds: number;
          /** Where a call goes while no phone of the user is registered. Default: nowhere. */
          readonly notRegistered?: string | undefined;
        }
      >
    >;
    /** Source ranges of the tenant’s own PBX, which may call without registration. @default [] */
    readonly sources: readonly string[];
    /** Limits of all calls of this tenant. */
    readonly limits: {
      /** Concurrent calls. @default 50 */
      readonly calls: number;
      /** Call set-ups per second, long-term rate of the token bucket. @default 5 */
      readonly callsPerSecond: number;
      /** Call set-ups that may come at once: the depth of the token bucket. @default 10 */
      readonly burst: number;
      /** Concurrent calls that are always admitted, at most `calls`. Once a tenant of a cell has some, calls above guarantees share what the cell relays with one media host lost, less all guarantees. @default 0 */
      readonly guaranteedCalls: number;
      /** Minutes after which an answered call of this tenant ends. Default: calls.longestMinutes. */
      readonly longestMinutes?: number | undefined;
      /** calls.oneSidedSeconds for calls of this tenant; 0: never. Default: that of the cell. */
      readonly oneSidedSeconds?: 0 | number | undefined;
    };
    /** Codecs that the tenant’s calls may use, in this order; empty: what the two ends agree on. @default [] */
    readonly codecs: readonly ('PCMU' | 'PCMA' | 'G722' | 'opus' | 'G729')[];
    /** Trunks for calls to the outside, in order of preference; empty: all trunks of the cell. @default [] */
    readonly trunks: readonly string[];
    /** Country of the tenant (ISO 3166-1): which numbers are emergency numbers, and which calls are international. Default: unknown. */
    readonly country?: string | undefined;
    /** Places of the tenant’s users, for emergency calls. */
    readonly sites: Readonly<
      Record<
        string,
        {
          /** Country of the site. Default: that of the tenant. */
          readonly country?: string | undefined;
          /** What emergency services learn. Default: nothing but the callback number. */
          readonly location?:
            | {
                /** Address by elements (RFC 5139): A1 state or province, A2 county, A3 city, A4 district of the city, A5 neighbourhood, A6 group of streets, RD street, PRD direction before the street’s name, POD direction behind the street’s name, STS street suffix, HNO house number, HNS house number suffix, LMK landmark, LOC further description, NAM name of the occupant, PC postal code, BLD building, UNIT apartment or suite, FLR floor, ROOM room, SEAT desk, PLC kind of place. The country is the site’s. Default: none. */
                readonly civic?: Readonly<Record<string, string>> | undefined;
                /** Latitude and longitude in degrees (WGS 84), with a space between them. Default: none. */
                readonly point?: string | undefined;
                /** Address of a location server that tells the location (RFC 6442), instead of the location itself. Default: none. */
                readonly reference?: string | undefined;
              }
            | undefined;
          /** Number under which emergency services call back. Default: the number of the caller, or else the tenant’s first one. */
          readonly callback?: string | undefined;
          /** Users who are at this site. A user with a place of its own has a site of its own. @default [] */
          readonly users: readonly string[];
        }
      >
    >;
    /** Limits of the tenant’s calls through carriers, emergency calls excepted. Default: none of its own. */
    readonly outbound?:
      | {
          /** Prefixes of numbers that may be called through carriers; + is every number. A high-risk prefix must be named itself, or one within it. @default ["+"] */
          readonly destinations: readonly string[];
          /** Minutes of calls through carriers in a day (UTC). Default: no cap. */
          readonly minutesPerDay?: number | undefined;
          /** Minutes in a day of each user. Default: no cap. */
          readonly minutesPerDayOfUser?: number | undefined;
          /** Concurrent calls to other countries than the tenant’s. Default: no cap. */
          readonly internationalCalls?: number | undefined;
          /** Concurrent calls to other countries of each user. Default: no cap. */
          readonly internationalCallsOfUser?: number | undefined;
          /** Percent of a cap from which an alarm goes off. @default 80 */
          readonly alarmPercent: number;
        }
      | undefined;
    /** Group that the tenant belongs to; its tenants never share a cell. Default: it stands alone. */
    readonly enterprise?: string | undefined;
    /** Regions that the tenant may be moved to. Default: the region of its cell. */
    readonly regions?: readonly string[] | undefined;
    /** Where its cell must be by law, as the planner knows of cells, for example EU. Default: anywhere. */
    readonly jurisdiction?: string | undefined;
  }[];
}
