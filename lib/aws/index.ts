/** The AWS target: `VoipCell` makes a whole cell, and each of its parts can be used alone. */
export { AlarmTopic, type AlarmTopicProps } from './alarm-topic.ts';
export { cellAlarms, hostAlarms, type Alarm, type Metric } from './alarm-table.ts';
export { BundleBucket, type BundleBucketProps } from './bundle-bucket.ts';
export { CellAlarms, type CellAlarmsProps } from './cell-alarms.ts';
export { CellDatabase, databaseOwner, type CellDatabaseProps } from './cell-database.ts';
export { CellLogs, type CellLogsProps } from './cell-logs.ts';
export { CellNetwork, type CellNetworkProps } from './cell-network.ts';
export { CellRedis, type CellRedisProps } from './cell-redis.ts';
export { CellSecrets, type CellSecretsProps } from './cell-secrets.ts';
export { CellSecurity, type CellSecurityProps } from './cell-security.ts';
export { HostBundle, type HostBundleProps } from './host-bundle.ts';
export { HostInstance, type HostInstanceProps } from './host-instance.ts';
export { HostRole, type Allow, type HostRoleProps } from './host-role.ts';
export { MediaHosts, type MediaHostsProps } from './media-hosts.ts';
export { checkPlan, planRules, type Plan, type PlanFinding, type PlanRule } from './plan-rules.ts';
export { SbcPair, type SbcPairProps } from './sbc-pair.ts';
export { VoipCell, type VoipCellProps } from './voip-cell.ts';
