/** Objects of the Kubernetes API, as far as a cell has them: data that every client of Kubernetes takes. */

export interface Metadata {
  readonly name: string;
  /** Left out where an object belongs to no namespace. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  /** What the kind has beside: `spec`, `data`, `rules` and so on. */
  readonly [part: string]: unknown;
}

export interface Probe {
  readonly exec: { readonly command: readonly string[] };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
  /** In the place of the pod's, when the probe has the container ended. */
  readonly terminationGracePeriodSeconds?: number;
}

export interface SecurityContext {
  readonly privileged?: true;
  readonly allowPrivilegeEscalation?: false;
  readonly readOnlyRootFilesystem: true;
  readonly runAsUser: number;
  readonly runAsGroup: number;
  readonly runAsNonRoot?: true;
  readonly capabilities?: { readonly drop: readonly string[]; readonly add?: readonly string[] };
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: true;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env?: readonly object[];
  /** Of an init container: a native sidecar, which goes on while the others run, and ends after them. */
  readonly restartPolicy?: 'Always';
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly resources?: { readonly requests: Readonly<Record<string, string>> };
  /** The last lines of its log, which `kubectl describe` shows. */
  readonly terminationMessagePolicy: 'FallbackToLogsOnError';
  readonly securityContext: SecurityContext;
  readonly volumeMounts: readonly VolumeMount[];
}
