# The two roles that the pipeline takes by OIDC: one that may read, one that may deploy. Apply it once, by hand, in the account of
# the fleet. Nothing outside of names and tags that begin with cellstamp can be changed, and no secret's value be read but the
# proof users'. AWS gives no way to limit the making of EC2's parts by name: those are limited by the tags of the stack.
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

locals {
  issuer = "token.actions.githubusercontent.com"
  # Who may take a role: runs on main, on the plan's branch and on pull requests may read; the waves' environments may deploy.
  subjects = {
    plan = [
      for where in ["ref:refs/heads/main", "ref:refs/heads/plan", "pull_request"] : "repo:${var.repository}:${where}"
    ]
    deploy = [
      for wave in ["canary", "one", "tenth", "rest"] : "repo:${var.repository}:environment:${wave}"
    ]
  }
  arn = "arn:aws:%s:*:${var.account}:%s"
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

# What a plan and a refresh read.
data "aws_iam_policy_document" "read" {
  statement {
    actions = [
      "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource", "ec2:Describe*", "elasticache:Describe*",
      "elasticache:ListTagsForResource", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
      "kms:ListAliases", "kms:ListResourceTags", "logs:DescribeLogGroups", "logs:ListTagsForResource", "rds:Describe*",
      "rds:ListTagsForResource", "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListTagsForResource",
      "ssm:DescribeParameters", "sts:GetCallerIdentity",
    ]
    resources = ["*"]
  }
  statement {
    actions = [
      "iam:GetInstanceProfile", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies",
    ]
    resources = [for kind in ["instance-profile", "role"] : "arn:aws:iam::${var.account}:${kind}/cellstamp-*"]
  }
  statement {
    actions   = ["s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetObject*", "s3:ListBucket"]
    resources = ["arn:aws:s3:::cellstamp-*"]
  }
  statement {
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"]
    resources = [format(local.arn, "secretsmanager", "secret:cellstamp/*")]
  }
  statement {
    actions   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"]
    resources = [format(local.arn, "ssm", "parameter/cellstamp/*")]
  }
  statement {
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::${var.state_bucket}"]
  }
  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${var.state_bucket}/cellstamp/*"]
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
      "ec2:AuthorizeSecurityGroup*", "ec2:Create*", "ec2:ModifyInstance*", "ec2:ModifyLaunchTemplate",
      "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyVpc*", "ec2:RunInstances",
    ]
    resources = ["*"]
  }
  statement {
    sid = "RemovePartsOfEc2"
    actions = [
      "ec2:Delete*", "ec2:Detach*", "ec2:Disassociate*", "ec2:ReleaseAddress", "ec2:ReplaceRoute*",
      "ec2:RevokeSecurityGroup*", "ec2:StartInstances", "ec2:StopInstances", "ec2:TerminateInstances",
    ]
    resources = ["*"]
    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/cellstamp:cell"
      values   = ["*"]
    }
  }
  statement {
    sid       = "Data"
    actions   = ["rds:*", "elasticache:*"]
    resources = [for service in ["rds", "elasticache"] : format(local.arn, service, "*:cellstamp-*")]
  }
  statement {
    sid       = "Bundles"
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::cellstamp-*"]
  }
  statement {
    sid = "Watching"
    actions = [
      "cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "logs:CreateLogGroup",
      "logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:TagResource", "sns:*",
    ]
    resources = [
      format(local.arn, "cloudwatch", "alarm:cellstamp-*"), format(local.arn, "logs", "log-group:/cellstamp/*"),
      format(local.arn, "logs", "log-group:/aws/rds/cluster/cellstamp-*"), format(local.arn, "sns", "cellstamp-*"),
    ]
  }
  statement {
    sid = "Settings"
    actions = [
      "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:TagResource",
      "secretsmanager:UpdateSecret", "ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:PutParameter",
    ]
    resources = [
      format(local.arn, "secretsmanager", "secret:cellstamp/*"), format(local.arn, "ssm", "parameter/cellstamp/*"),
      # RDS makes the owner's password in the name of whoever makes the cluster.
      format(local.arn, "secretsmanager", "secret:rds!cluster-*"),
    ]
  }
  statement {
    sid       = "Keys"
    actions   = ["kms:CreateKey", "kms:CreateAlias"]
    resources = ["*"]
  }
  statement {
    sid = "OwnKeys"
    actions = [
      "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:EnableKeyRotation", "kms:Encrypt",
      "kms:GenerateDataKey*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource",
    ]
    resources = [format(local.arn, "kms", "key/*")]
    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/cellstamp:cell"
      values   = ["*"]
    }
  }
  # Only the hosts' roles, and only for EC2.
  statement {
    sid = "HostRoles"
    actions = [
      "iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:CreateRole", "iam:DeleteInstanceProfile",
      "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePolicy",
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
    resources = ["arn:aws:ssm:*::document/AWS-RunShellScript"]
  }
  statement {
    sid       = "RollOnlyHostsOfCells"
    actions   = ["ssm:SendCommand"]
    resources = [format(local.arn, "ec2", "instance/*")]
    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/cellstamp:cell"
      values   = ["*"]
    }
  }
  statement {
    sid       = "SeeHowTheRollEnded"
    actions   = ["ssm:GetCommandInvocation"]
    resources = ["*"]
  }
  statement {
    sid       = "ProofUsers"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.proof_secret]
  }
}

locals {
  # A cell's roles end in its hosts' kinds; the pipeline's own do not, so it cannot change itself.
  host_roles = [
    for name in ["role/cellstamp-*-sbc", "role/cellstamp-*-media", "instance-profile/cellstamp-*-sbc", "instance-profile/cellstamp-*-media"] :
    "arn:aws:iam::${var.account}:${name}"
  ]
}

resource "aws_iam_role_policy" "read" {
  for_each = local.subjects
  name     = "read"
  role     = aws_iam_role.pipeline[each.key].name
  policy   = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy" "deploy" {
  name   = "deploy"
  role   = aws_iam_role.pipeline["deploy"].name
  policy = data.aws_iam_policy_document.deploy.json
}
