# The two roles that the pipeline takes by OIDC: one that may read, one that may deploy cells and the front. Apply it once, by hand,
# in the account of the fleet. Nothing outside of names and tags that begin with cellstamp can be changed, and no secret's value be
# read but the proof users'. AWS gives no way to limit the making of EC2's parts, of an accelerator or of a DNS zone by name: those
# are limited by the tags of the stack where they have them. Actions that write are named one by one.
terraform {
  required_version = ">= 1.10.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}

variable "repository" {
  description = "The fleet's repository on GitHub: ORGANISATION/NAME."
  type        = string
}

variable "account" {
  description = "Number of the AWS account."
  type        = string
}

variable "state_bucket" {
  description = "S3 bucket with Terraform's states (CELLSTAMP_STATE_BUCKET)."
  type        = string
}

variable "proof_secret" {
  description = "ARN of the secret with the proof users (PROOF_SECRET)."
  type        = string
}

variable "notify" {
  description = "E-mail addresses that hear of drift, of failed deployments and of failed plans; each confirms once."
  type        = set(string)
  default     = []
}

locals {
  issuer = "token.actions.githubusercontent.com"
  # Who may take a role: runs on main, on the plan's branch and on pull requests may read; the environments of the front and of the waves
  # may deploy.
  subjects = {
    plan = [
      for where in ["ref:refs/heads/main", "ref:refs/heads/plan", "pull_request"] : "repo:${var.repository}:${where}"
    ]
    deploy = [
      for wave in ["front", "canary", "one", "tenth", "rest"] : "repo:${var.repository}:environment:${wave}"
    ]
  }
  arn = "arn:aws:%s:*:${var.account}:%s"
  # Whose something is: the tag that everything of a stack has.
  own = ["aws:ResourceTag/cellstamp:cell", "aws:ResourceTag/cellstamp:front"]
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  for_each = local.subjects
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = each.value
    }
  }
}

resource "aws_iam_role" "pipeline" {
  for_each           = local.subjects
  name               = "cellstamp-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
  # A deploy waits for calls to end on each host in turn.
  max_session_duration = each.key == "deploy" ? 14400 : 3600
}

# Encrypts the plans that wait for a review. Who may plan can only make keys with it; who may deploy can open a plan.
resource "aws_kms_key" "plans" {
  description         = "Cellstamp: Terraform plans that wait for a review"
  enable_key_rotation = true
  tags                = { "cellstamp:pipeline" = "plans" }
}

resource "aws_kms_alias" "plans" {
  name          = "alias/cellstamp-plans"
  target_key_id = aws_kms_key.plans.key_id
}

# Where the pipeline tells people what went wrong (CELLSTAMP_NOTIFY_TOPIC).
resource "aws_sns_topic" "pipeline" {
  name = "cellstamp-pipeline"
}

resource "aws_sns_topic_subscription" "people" {
  for_each  = var.notify
  topic_arn = aws_sns_topic.pipeline.arn
  protocol  = "email"
  endpoint  = each.value
}

# What a plan and a refresh read, and the little that a plan does: it makes a key for its file, and tells people when it fails.
data "aws_iam_policy_document" "read" {
  statement {
    actions = [
      "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource", "ec2:Describe*",
      "ec2:GetInstanceUefiData",
      "ec2:GetManagedPrefixListEntries", "elasticache:Describe*", "elasticache:ListTagsForResource",
      "globalaccelerator:Describe*", "globalaccelerator:ListTagsForResource", "kms:DescribeKey", "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus", "kms:ListAliases", "kms:ListResourceTags", "logs:DescribeLogGroups",
      "logs:ListTagsForResource", "rds:Describe*", "rds:ListTagsForResource", "route53:Get*", "route53:ListResourceRecordSets",
      "route53:ListTagsForResource", "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListTagsForResource",
      "ssm:DescribeParameters", "sts:GetCallerIdentity",
    ]
    resources = ["*"]
  }
  statement {
    actions = [
      "iam:GetInstanceProfile", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies",
    ]
    resources = [for kind in ["instance-profile", "role"] : "arn:aws:iam::${var.account}:${kind}/cellstamp-*"]
  }
  statement {
    actions = [
      "s3:GetAccelerateConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
      "s3:GetObject", "s3:GetObjectTagging", "s3:GetReplicationConfiguration", "s3:ListBucket",
    ]
    resources = ["arn:aws:s3:::cellstamp-*"]
  }
  statement {
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"]
    resources = [format(local.arn, "secretsmanager", "secret:cellstamp/*")]
  }
  statement {
    actions   = ["ssm:GetParameter", "ssm:ListTagsForResource"]
    resources = [format(local.arn, "ssm", "parameter/cellstamp/*")]
  }
  statement {
    actions = [
      "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:GetItem",
      "dynamodb:ListTagsOfResource",
    ]
    resources = [format(local.arn, "dynamodb", "table/cellstamp-*")]
  }
  statement {
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::${var.state_bucket}"]
  }
  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${var.state_bucket}/cellstamp/*"]
  }
  statement {
    actions   = ["kms:GenerateDataKey"]
    resources = [format(local.arn, "kms", "key/*")]
    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/cellstamp:pipeline"
      values   = ["plans"]
    }
  }
  statement {
    actions   = ["sns:Publish"]
    resources = [format(local.arn, "sns", "cellstamp-pipeline")]
  }
  # Amazon Managed Service for Prometheus, should planning.yaml name a workspace of it.
  statement {
    actions   = ["aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics"]
    resources = [format(local.arn, "aps", "workspace/*")]
  }
}

data "aws_iam_policy_document" "deploy" {
  statement {
    sid       = "State"
    actions   = ["s3:PutObject", "s3:DeleteObject"]
    resources = ["arn:aws:s3:::${var.state_bucket}/cellstamp/*"]
  }
  statement {
    sid = "MakePartsOfEc2"
    actions = [
      "ec2:AllocateAddress", "ec2:AssociateAddress", "ec2:AssociateRouteTable", "ec2:AttachInternetGateway",
      "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateInternetGateway",
      "ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion", "ec2:CreateRoute", "ec2:CreateRouteTable",
      "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateTags", "ec2:CreateVpc", "ec2:CreateVpcEndpoint",
      "ec2:ModifyInstanceAttribute", "ec2:ModifyLaunchTemplate", "ec2:ModifyVpcAttribute", "ec2:RunInstances",
    ]
    resources = ["*"]
  }
  dynamic "statement" {
    for_each = local.own
    content {
      sid = "RemovePartsOfEc2${statement.key}"
      actions = [
        "ec2:DeleteInternetGateway", "ec2:DeleteLaunchTemplate", "ec2:DeleteRoute", "ec2:DeleteRouteTable",
        "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints",
        "ec2:DetachInternetGateway", "ec2:DisassociateAddress", "ec2:DisassociateRouteTable", "ec2:ReleaseAddress",
        "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress", "ec2:TerminateInstances",
      ]
      resources = ["*"]
      condition {
        test     = "StringLike"
        variable = statement.value
        values   = ["*"]
      }
    }
  }
  # What a fresh account does not have yet; each service makes its own once.
  statement {
    sid     = "ServiceLinkedRoles"
    actions = ["iam:CreateServiceLinkedRole"]
    resources = [
      for service in local.linked_services : "arn:aws:iam::${var.account}:role/aws-service-role/${service}.amazonaws.com/*"
    ]
    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = [for service in local.linked_services : "${service}.amazonaws.com"]
    }
  }
  # Only the hosts' roles, and only for EC2.
  statement {
    sid = "HostRoles"
    actions = [
      "iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:CreateRole", "iam:DeleteInstanceProfile",
      "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:ListInstanceProfilesForRole", "iam:PutRolePolicy",
      "iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile", "iam:TagRole",
    ]
    resources = local.host_roles
  }
  statement {
    sid       = "SessionManager"
    actions   = ["iam:AttachRolePolicy"]
    resources = local.host_roles
    condition {
      test     = "ArnEquals"
      variable = "iam:PolicyARN"
      values   = ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
    }
  }
  statement {
    sid       = "PassHostRoles"
    actions   = ["iam:PassRole"]
    resources = local.host_roles
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com"]
    }
  }
  statement {
    sid       = "RollHosts"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:aws:ssm:*:*:document/AWS-RunShellScript"]
  }
  dynamic "statement" {
    for_each = local.own
    content {
      sid       = "RollOnlyOwnHosts${statement.key}"
      actions   = ["ssm:SendCommand"]
      resources = [format(local.arn, "ec2", "instance/*")]
      condition {
        test     = "StringLike"
        variable = statement.value
        values   = ["*"]
      }
    }
  }
  statement {
    sid       = "SeeHowTheRollEnded"
    actions   = ["ssm:GetCommandInvocation"]
    resources = ["*"]
  }
  statement {
    sid       = "ReviewedPlans"
    actions   = ["kms:Decrypt"]
    resources = [format(local.arn, "kms", "key/*")]
    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/cellstamp:pipeline"
      values   = ["plans"]
    }
  }
  statement {
    sid       = "ProofUsers"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.proof_secret]
  }
}

# What a site stores and is watched by, its keys, and the front's own.
data "aws_iam_policy_document" "stores" {
  statement {
    sid = "Data"
    actions = [
      "elasticache:AddTagsToResource", "elasticache:CreateCacheSubnetGroup", "elasticache:CreateReplicationGroup",
      "elasticache:CreateUser", "elasticache:CreateUserGroup", "elasticache:DecreaseReplicaCount",
      "elasticache:DeleteCacheSubnetGroup", "elasticache:DeleteReplicationGroup", "elasticache:DeleteUser",
      "elasticache:DeleteUserGroup", "elasticache:IncreaseReplicaCount", "elasticache:ModifyReplicationGroup",
      "elasticache:ModifyUserGroup", "rds:AddTagsToResource", "rds:CreateDBCluster", "rds:CreateDBClusterParameterGroup",
      "rds:CreateDBClusterSnapshot", "rds:CreateDBInstance", "rds:CreateDBSubnetGroup", "rds:DeleteDBCluster",
      "rds:DeleteDBClusterParameterGroup", "rds:DeleteDBInstance", "rds:DeleteDBSubnetGroup", "rds:ModifyDBCluster",
      "rds:ModifyDBClusterParameterGroup", "rds:ModifyDBInstance", "rds:RestoreDBClusterFromSnapshot",
    ]
    # In place of a type IAM takes no asterisk.
    resources = concat(
      [for type in ["cluster", "cluster-pg", "cluster-snapshot", "db", "subgrp"] : format(local.arn, "rds", "${type}:cellstamp-*")],
      [for type in ["replicationgroup", "subnetgroup", "user", "usergroup"] : format(local.arn, "elasticache", "${type}:cellstamp-*")],
    )
  }
  # A cluster, an instance and a replication group are made with the groups that AWS has for whoever brings none.
  statement {
    sid     = "DefaultGroupsOfData"
    actions = ["elasticache:CreateReplicationGroup", "rds:CreateDBCluster", "rds:CreateDBInstance", "rds:ModifyDBCluster", "rds:RestoreDBClusterFromSnapshot"]
    resources = [
      format(local.arn, "elasticache", "parametergroup:default.*"), format(local.arn, "rds", "og:default:*"),
      format(local.arn, "rds", "pg:default.*"),
    ]
  }
  statement {
    sid = "Bundles"
    actions = [
      "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteObject", "s3:DeleteObjectVersion",
      "s3:ListBucketVersions", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock",
      "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
      "s3:PutObject", "s3:PutObjectTagging",
    ]
    resources = ["arn:aws:s3:::cellstamp-*"]
  }
  statement {
    sid = "Watching"
    actions = [
      "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm",
      "cloudwatch:TagResource", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:TagResource",
      "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource", "sns:Unsubscribe",
    ]
    resources = [
      format(local.arn, "cloudwatch", "alarm:cellstamp-*"), "arn:aws:cloudwatch::${var.account}:dashboard/cellstamp-*",
      format(local.arn, "logs", "log-group:/cellstamp/*"),
      format(local.arn, "logs", "log-group:/aws/rds/cluster/cellstamp-*"), format(local.arn, "sns", "cellstamp-*"),
    ]
  }
  statement {
    sid = "Settings"
    actions = [
      "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:ReplicateSecretToRegions",
      "secretsmanager:TagResource", "ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:PutParameter",
    ]
    resources = [
      format(local.arn, "secretsmanager", "secret:cellstamp/*"), format(local.arn, "ssm", "parameter/cellstamp/*"),
      # RDS makes the owner's password in the name of whoever makes the cluster.
      format(local.arn, "secretsmanager", "secret:rds!cluster-*"),
    ]
  }
  statement {
    sid       = "Keys"
    actions   = ["kms:CreateKey"]
    resources = ["*"]
  }
  statement {
    sid       = "KeyNames"
    actions   = ["kms:CreateAlias", "kms:DeleteAlias"]
    resources = [format(local.arn, "kms", "alias/cellstamp-*")]
  }
  dynamic "statement" {
    for_each = local.own
    content {
      sid = "OwnKeys${statement.key}"
      actions = [
        "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:EnableKeyRotation",
        "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
        "kms:ScheduleKeyDeletion",
      ]
      resources = [format(local.arn, "kms", "key/*")]
      condition {
        test     = "StringLike"
        variable = statement.value
        values   = ["*"]
      }
    }
  }
  # A key gets its tags while it is made, so there is nothing to know it by yet.
  dynamic "statement" {
    for_each = local.own
    content {
      sid       = "TagKeys${statement.key}"
      actions   = ["kms:TagResource"]
      resources = [format(local.arn, "kms", "key/*")]
      condition {
        test     = "StringLike"
        variable = replace(statement.value, "Resource", "Request")
        values   = ["*"]
      }
    }
  }
  # The front's directory, into which a cell of any region enters itself; a replica is made with the rights of whoever asks for it.
  statement {
    sid = "Directory"
    actions = [
      "dynamodb:BatchWriteItem", "dynamodb:CreateTable", "dynamodb:CreateTableReplica", "dynamodb:DeleteItem",
      "dynamodb:DeleteTable", "dynamodb:DeleteTableReplica", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan",
      "dynamodb:TagResource", "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateItem", "dynamodb:UpdateTable",
    ]
    resources = [format(local.arn, "dynamodb", "table/cellstamp-*")]
  }
  statement {
    sid       = "Entry"
    actions   = ["globalaccelerator:CreateAccelerator"]
    resources = ["*"]
  }
  # Listeners and their groups have no tags.
  statement {
    sid = "PartsOfTheEntry"
    actions = [
      "globalaccelerator:CreateEndpointGroup", "globalaccelerator:CreateListener", "globalaccelerator:DeleteEndpointGroup",
      "globalaccelerator:DeleteListener", "globalaccelerator:TagResource", "globalaccelerator:UpdateAccelerator",
      "globalaccelerator:UpdateEndpointGroup", "globalaccelerator:UpdateListener",
    ]
    resources = ["arn:aws:globalaccelerator::${var.account}:accelerator/*"]
  }
  statement {
    sid       = "Names"
    actions   = ["route53:ChangeResourceRecordSets", "route53:ChangeTagsForResource", "route53:CreateHostedZone"]
    resources = ["*"]
  }
}

locals {
  # A site's roles end in its hosts' kinds; the pipeline's own do not, so it cannot change itself.
  host_roles = [
    for pair in setproduct(["role", "instance-profile"], ["sbc", "media", "edge-*"]) :
    "arn:aws:iam::${var.account}:${pair[0]}/cellstamp-*-${pair[1]}"
  ]
  linked_services = ["elasticache", "events", "globalaccelerator", "rds", "replication.dynamodb"]
}

# Managed policies: a role takes 10,240 characters of its own, and 10 policies of 6,144 each.
resource "aws_iam_policy" "pipeline" {
  for_each = {
    read   = data.aws_iam_policy_document.read.json
    deploy = data.aws_iam_policy_document.deploy.json
    stores = data.aws_iam_policy_document.stores.json
  }
  name   = "cellstamp-pipeline-${each.key}"
  policy = each.value
}

resource "aws_iam_role_policy_attachment" "pipeline" {
  for_each = {
    for pair in [["plan", "read"], ["deploy", "read"], ["deploy", "deploy"], ["deploy", "stores"]] : join("-", pair) => pair
  }
  role       = aws_iam_role.pipeline[each.value[0]].name
  policy_arn = aws_iam_policy.pipeline[each.value[1]].arn
}
