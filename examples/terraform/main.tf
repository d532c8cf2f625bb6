terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "role_arn" {
  type        = string
  description = "The role that the functions run with"
}

provider "aws" {
  region = var.region
}

locals {
  # Each is a zip that `npx lambdabin build` has written to dist/.
  functions = {
    orders       = "x86_64"
    orders-arm64 = "arm64"
  }
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name = each.key
  role          = var.role_arn
  runtime       = "provided.al2023"
  handler       = each.key
  architectures = [each.value]
  memory_size   = 256
  timeout       = 10

  filename = "${path.module}/dist/${each.key}.zip"
  # What has not changed is not deployed again: a build of the same sources is the same zip.
  source_code_hash = filebase64sha256("${path.module}/dist/${each.key}.zip")

  environment {
    variables = {
      STAGE = "prod"
    }
  }
}

# The runtime, for functions that have none: `npx lambdabin layer` has written it.
resource "aws_lambda_layer_version" "runtime" {
  layer_name               = "lambdabin"
  filename                 = "${path.module}/dist/layer.zip"
  source_code_hash         = filebase64sha256("${path.module}/dist/layer.zip")
  compatible_runtimes      = ["provided.al2023"]
  compatible_architectures = ["x86_64"]
}

# Built with `forLayer`: some kilobytes.
resource "aws_lambda_function" "of_layer" {
  function_name = "orders-of-layer"
  role          = var.role_arn
  runtime       = "provided.al2023"
  handler       = "orders-of-layer"
  architectures = ["x86_64"]
  memory_size   = 256
  timeout       = 10
  layers        = [aws_lambda_layer_version.runtime.arn]

  filename         = "${path.module}/dist/orders-of-layer.zip"
  source_code_hash = filebase64sha256("${path.module}/dist/orders-of-layer.zip")

  environment {
    variables = {
      STAGE = "prod"
    }
  }
}

output "functions" {
  value = { for each in concat(values(aws_lambda_function.this), [aws_lambda_function.of_layer]) : each.function_name => each.arn }
}
