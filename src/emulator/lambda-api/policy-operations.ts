/** The API's operations on resource policies: statements are kept and answered; nothing here asks who calls. */

import { randomUUID } from 'node:crypto'
import type { PolicyDocument } from '../functions/function-configuration.ts'
import { LATEST } from '../functions/function-version.ts'
import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, qualifiedFunction, readDocument } from '../http/api-request.ts'
import {
  InvalidParameterValueException,
  PreconditionFailedException,
  ResourceConflictException,
  ResourceNotFoundException,
} from '../lambda-error.ts'
import { readString } from './members.ts'

type Document = Readonly<Record<string, unknown>>
type Statement = Readonly<Record<string, unknown>>

const MAX_BODY_BYTES = 64 * 1024
const STATEMENT_ID = /^[a-zA-Z0-9-_]{1,100}$/
const ACTION = /^(lambda:(\*|[a-zA-Z]+)|\*)$/

export async function addPermission(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const document = await readDocument(request, MAX_BODY_BYTES, 'AddPermission')
  const { name, qualifier } = qualifiedFunction(call)
  const arn = lambda.arn(name, qualifier === LATEST ? undefined : qualifier)
  const statement = permission(document, arn)
  await lambda.changes.update(name, (changed) => {
    const policy = changed.settings.get(qualifier)?.policy
    changed.change(qualifier, { policy: withStatement(policy, statement, document) })
  })
  answerDocument(response, 201, { Statement: JSON.stringify(statement) })
}

export function getPolicy(call: ApiRequest): void {
  const { qualifier, found } = qualifiedFunction(call)
  answerPolicy(call, found.settings.get(qualifier)?.policy)
}

export async function removePermission(call: ApiRequest): Promise<void> {
  const { name, qualifier } = qualifiedFunction(call)
  const [, statementId = ''] = call.parameters
  const revisionId = call.query.get('RevisionId')
  await call.lambda.changes.update(name, (changed) => {
    const policy = changed.settings.get(qualifier)?.policy
    changed.change(qualifier, { policy: withoutStatement(policy, statementId, revisionId) })
  })
  answerNothing(call.response, 204)
}

export function answerPolicy({ response }: ApiRequest, policy: PolicyDocument | undefined): void {
  if (policy === undefined) {
    throw new ResourceNotFoundException('The resource you requested does not exist.')
  }
  const { statements, revisionId } = policy
  answerDocument(response, 200, {
    Policy: JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: statements }),
    RevisionId: revisionId,
  })
}

export function withStatement(
  policy: PolicyDocument | undefined,
  statement: Statement,
  document: Document,
): PolicyDocument {
  const { statements = [], revisionId } = policy ?? {}
  checkRevisionId(revisionId, readString(document, 'RevisionId'))
  if (statements.some(({ Sid }) => Sid === statement.Sid)) {
    throw new ResourceConflictException(
      `The statement id (${statement.Sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
    )
  }
  return { revisionId: randomUUID(), statements: [...statements, statement] }
}

/** Undefined when it was the last. */
export function withoutStatement(
  policy: PolicyDocument | undefined,
  statementId: string,
  revisionId: string | null,
): PolicyDocument | undefined {
  const { statements = [], revisionId: current } = policy ?? {}
  const left = statements.filter(({ Sid }) => Sid !== statementId)
  if (left.length === statements.length) {
    throw new ResourceNotFoundException(`Statement ${statementId} is not found in resource policy.`)
  }
  checkRevisionId(current, revisionId ?? undefined)
  return left.length === 0 ? undefined : { revisionId: randomUUID(), statements: left }
}

function checkRevisionId(current: string | undefined, expected: string | undefined): void {
  if (expected !== undefined && expected !== current) {
    throw new PreconditionFailedException(
      'The RevisionId provided does not match the latest RevisionId. Call the GetPolicy API to retrieve the latest RevisionId',
    )
  }
}

function permission(document: Document, arn: string): Statement {
  const action = readString(document, 'Action', ACTION, 'an action of Lambda, such as lambda:InvokeFunction')
  const principal = readString(document, 'Principal')
  const sid = readString(document, 'StatementId', STATEMENT_ID, '1 to 100 letters, digits, - and _')
  if (action === undefined || principal === undefined || sid === undefined) {
    throw new InvalidParameterValueException('expected Action, Principal and StatementId; set all three')
  }
  const condition = conditions(document)
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: readPrincipal(principal),
    Action: action,
    Resource: arn,
    ...(Object.keys(condition).length > 0 && { Condition: condition }),
  }
}

function conditions(document: Document): Record<string, object> {
  const sourceArn = readString(document, 'SourceArn')
  const sourceAccount = readString(document, 'SourceAccount')
  const eventSourceToken = readString(document, 'EventSourceToken')
  const organization = readString(document, 'PrincipalOrgID')
  const urlAuthType = readString(document, 'FunctionUrlAuthType')
  const viaUrl = document.InvokedViaFunctionUrl
  const equals = {
    ...(sourceAccount !== undefined && { 'AWS:SourceAccount': sourceAccount }),
    ...(eventSourceToken !== undefined && { 'lambda:EventSourceToken': eventSourceToken }),
    ...(organization !== undefined && { 'aws:PrincipalOrgID': organization }),
    ...(urlAuthType !== undefined && { 'lambda:FunctionUrlAuthType': urlAuthType }),
  }
  return {
    ...(Object.keys(equals).length > 0 && { StringEquals: equals }),
    ...(sourceArn !== undefined && { ArnLike: { 'AWS:SourceArn': sourceArn } }),
    ...(typeof viaUrl === 'boolean' && { Bool: { 'lambda:InvokedViaFunctionUrl': String(viaUrl) } }),
  }
}

export function readPrincipal(principal: string): string | Record<string, string> {
  if (principal === '*') {
    return principal
  }
  if (/^[a-z0-9.-]+\.amazonaws\.com(\.[a-z]+)?$/.test(principal)) {
    return { Service: principal }
  }
  return { AWS: /^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal }
}
