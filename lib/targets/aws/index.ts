/**
 * The AWS target: `VoipCell` makes a whole cell, `AnycastFront` the whole front; the other constructs are their parts.
 *
 * @module cellstamp/aws
 */
export { Accelerator, type AcceleratorProps } from './accelerator.ts';
export { AnycastFront, type AnycastFrontProps } from './anycast-front.ts';
export { AlarmTopic, type AlarmTopicProps } from './alarm-topic.ts';
export { hostAlarms, type Alarm, type Metric } from './alarm-table.ts';
export { BundleBucket, type BundleBucketProps } from './bundle-bucket.ts';
export { cellAlarms } from './cell-alarms.ts';
export { CellDatabase, databaseOwner, type CellDatabaseProps } from './cell-database.ts';
export { CellRedis, type CellRedisProps } from './cell-redis.ts';
export { CellSecrets, type CellSecretsProps } from './cell-secrets.ts';
export { DirectoryEntry, type DirectoryEntryProps } from './directory-entry.ts';
export { EdgePop, type EdgePopProps } from './edge-pop.ts';
export { regionAlarms } from './front-alarms.ts';
export { FrontZone, type FrontZoneProps } from './front-zone.ts';
export { HostBundle, type HostBundleProps } from './host-bundle.ts';
export { HostInstance, type HostInstanceProps } from './host-instance.ts';
export { HostRole, type Allow, type HostRoleProps } from './host-role.ts';
export { MediaHosts, type MediaHostsProps } from './media-hosts.ts';
export { planLosses } from './plan-losses.ts';
export { CellStack, type CellStackProps } from './cell-stack.ts';
export { FrontStack, type FrontStackProps } from './front-stack.ts';
export type { AccountProps, StateBucket } from './own-stack.ts';
export type { Transform } from './transform.ts';
export { checkPlan, planRules } from './plan-rules.ts';
export type { PlanFinding, PlanRule, TerraformPlan } from './terraform-plan.ts';
export { SbcPair, type SbcPairProps } from './sbc-pair.ts';
export { SiteAlarms, type SiteAlarmsProps } from './site-alarms.ts';
export { cellWidgets, regionWidgets } from './dashboard-widgets.ts';
export { SiteDashboard, type Line, type SiteDashboardProps, type Widget } from './site-dashboard.ts';
export { SiteLogs, type SiteLogsProps } from './site-logs.ts';
export {
  SiteNetwork,
  type ExistingVpc,
  type SiteNetworkProps,
  type VpcWithGateway,
  type VpcWithSubnets,
} from './site-network.ts';
export { SiteSecurity, type Guarded, type SiteSecurityProps } from './site-security.ts';
export { cellSite, frontSite, type Site } from './site.ts';
export { directoryTableName, TenantDirectory, type TenantDirectoryProps } from './tenant-directory.ts';
export { VoipCell, type VoipCellProps } from './voip-cell.ts';
