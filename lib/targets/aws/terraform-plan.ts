/** What `terraform show -json PLAN` says of a plan, and what a rule over it is. */

/** As much of a plan as the rules read. */
export interface TerraformPlan {
  readonly planned_values: { readonly root_module: { readonly resources?: readonly PlannedResource[] } };
  /** Against what is there; none in a plan of nothing. */
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly type: string;
    readonly change: { readonly actions: readonly string[] };
  }[];
  readonly configuration: {
    readonly root_module: {
      readonly resources?: readonly {
        readonly address: string;
        readonly expressions?: Readonly<Record<string, { readonly references?: readonly string[] }>>;
      }[];
    };
  };
}

export interface PlannedResource {
  readonly address: string;
  readonly type: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface PlanFinding {
  readonly rule: string;
  /** Address of the resource. */
  readonly address: string;
  /** What was given and what is allowed. */
  readonly message: string;
}

export interface PlanRule {
  readonly name: string;
  /** Types of resources that the rule looks at. */
  readonly types: readonly string[];
  /** What is wrong with a resource; nothing where all is well or not known before the apply. */
  readonly check: (resource: PlannedResource, plan: TerraformPlan) => readonly string[];
}
