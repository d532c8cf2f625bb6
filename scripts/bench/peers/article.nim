## The article's runtime in Nim, statement for statement: one program that is its own loop, over Nim's own HTTP client.

import httpclient, json, os, strutils

let
  invocations = "http://" & getEnv("AWS_LAMBDA_RUNTIME_API") & "/2018-06-01/runtime/invocation/"
  client = newHttpClient()

type
  Invocation = object of RootObj
    requestId: string
    deadline: string
    functionArn: string
    traceId: string
    event: JsonNode

proc next(client: HttpClient): Invocation =
  let reply = client.request(invocations & "next", httpMethod = HttpGet)
  return Invocation(
    requestId: reply.headers["Lambda-Runtime-Aws-Request-Id"],
    deadline: reply.headers["Lambda-Runtime-Deadline-Ms"],
    functionArn: reply.headers["Lambda-Runtime-Invoked-Function-Arn"],
    traceId: reply.headers["Lambda-Runtime-Trace-Id"],
    event: parseJson(reply.bodyStream))

proc echoed(invocation: Invocation): string =
  let document = %*{
    "requestId": invocation.requestId,
    "deadline": invocation.deadline.parseInt(),
    "functionArn": invocation.functionArn,
    "traceId": invocation.traceId,
    "event": invocation.event
  }
  return $document

proc respond(client: HttpClient, invocation: Invocation): void =
  discard client.request(
    invocations & invocation.requestId & "/response",
    httpMethod = HttpPost,
    body = invocation.echoed())

proc fail(client: HttpClient, invocation: Invocation, error: ref Exception, message: string): void =
  let document = %*{"errorMessage": message, "errorType": repr(error)}
  discard client.request(
    invocations & invocation.requestId & "/error",
    httpMethod = HttpPost,
    body = $document)

while true:
  let invocation = client.next()
  try:
    client.respond(invocation)
  except:
    client.fail(invocation, getCurrentException(), getCurrentExceptionMsg())
