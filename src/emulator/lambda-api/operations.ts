/** The Lambda API's table of contents: what is asked for by which method and path. */

import type { ApiRequest } from '../http/api-request.ts'
import { UnknownOperationException } from '../lambda-error.ts'
import * as account from './account-operations.ts'
import * as concurrency from './concurrency-operations.ts'
import * as eventInvoke from './event-invoke-operations.ts'
import { listEventSourceMappings } from './event-source-operations.ts'
import * as functions from './function-operations.ts'
import { invoke, invokeAsync } from './invoke-operation.ts'
import * as layers from './layer-operations.ts'
import * as policy from './policy-operations.ts'
import { invokeWithResponseStream } from './stream-operation.ts'
import * as tags from './tag-operations.ts'
import * as urls from './url-operations.ts'
import * as versions from './version-operations.ts'

export type Operation = (call: ApiRequest) => void | Promise<void>

const FUNCTIONS = '/2015-03-31/functions'
const ALIASES = `${FUNCTIONS}/{}/aliases`
const EVENT_INVOKE = '/2019-09-25/functions/{}/event-invoke-config'
const LAYER_VERSIONS = '/2018-10-31/layers/{}/versions'

const OPERATIONS: readonly [method: string, path: string, operation: Operation][] = [
  ['POST', `${FUNCTIONS}/{}/invocations`, invoke],
  ['POST', '/2021-11-15/functions/{}/response-streaming-invocations', invokeWithResponseStream],
  ['POST', '/2014-11-13/functions/{}/invoke-async', invokeAsync],

  ['POST', FUNCTIONS, functions.createFunction],
  ['GET', FUNCTIONS, functions.listFunctions],
  ['GET', `${FUNCTIONS}/{}`, functions.getFunction],
  ['DELETE', `${FUNCTIONS}/{}`, functions.deleteFunction],
  ['PUT', `${FUNCTIONS}/{}/code`, functions.updateFunctionCode],
  ['GET', `${FUNCTIONS}/{}/configuration`, functions.getFunctionConfiguration],
  ['PUT', `${FUNCTIONS}/{}/configuration`, functions.updateFunctionConfiguration],
  ['GET', '/lambdabin/code/{}', functions.downloadCode],

  ['POST', `${FUNCTIONS}/{}/versions`, versions.publishVersion],
  ['GET', `${FUNCTIONS}/{}/versions`, versions.listVersionsByFunction],
  ['POST', ALIASES, versions.createAlias],
  ['GET', ALIASES, versions.listAliases],
  ['GET', `${ALIASES}/{}`, versions.getAlias],
  ['PUT', `${ALIASES}/{}`, versions.updateAlias],
  ['DELETE', `${ALIASES}/{}`, versions.deleteAlias],

  ['POST', `${FUNCTIONS}/{}/policy`, policy.addPermission],
  ['GET', `${FUNCTIONS}/{}/policy`, policy.getPolicy],
  ['DELETE', `${FUNCTIONS}/{}/policy/{}`, policy.removePermission],

  ['POST', '/2017-03-31/tags/{}', tags.tagResource],
  ['GET', '/2017-03-31/tags/{}', tags.listTags],
  ['DELETE', '/2017-03-31/tags/{}', tags.untagResource],

  ['PUT', EVENT_INVOKE, eventInvoke.putEventInvokeConfig],
  ['POST', EVENT_INVOKE, eventInvoke.updateEventInvokeConfig],
  ['GET', EVENT_INVOKE, eventInvoke.getEventInvokeConfig],
  ['DELETE', EVENT_INVOKE, eventInvoke.deleteEventInvokeConfig],
  ['GET', `${EVENT_INVOKE}/list`, eventInvoke.listEventInvokeConfigs],

  ['PUT', '/2017-10-31/functions/{}/concurrency', concurrency.putFunctionConcurrency],
  ['GET', '/2019-09-30/functions/{}/concurrency', concurrency.getFunctionConcurrency],
  ['DELETE', '/2017-10-31/functions/{}/concurrency', concurrency.deleteFunctionConcurrency],
  ['PUT', '/2019-09-30/functions/{}/provisioned-concurrency', concurrency.putProvisionedConcurrency],
  ['GET', '/2019-09-30/functions/{}/provisioned-concurrency', concurrency.getProvisionedConcurrency],
  ['DELETE', '/2019-09-30/functions/{}/provisioned-concurrency', concurrency.deleteProvisionedConcurrency],

  ['POST', '/2021-10-31/functions/{}/url', urls.createFunctionUrlConfig],
  ['GET', '/2021-10-31/functions/{}/url', urls.getFunctionUrlConfig],
  ['PUT', '/2021-10-31/functions/{}/url', urls.updateFunctionUrlConfig],
  ['DELETE', '/2021-10-31/functions/{}/url', urls.deleteFunctionUrlConfig],
  ['GET', '/2021-10-31/functions/{}/urls', urls.listFunctionUrlConfigs],

  ['GET', '/2018-10-31/layers', layers.listLayers],
  ['POST', LAYER_VERSIONS, layers.publishLayerVersion],
  ['GET', LAYER_VERSIONS, layers.listLayerVersions],
  ['GET', `${LAYER_VERSIONS}/{}`, layers.getLayerVersion],
  ['DELETE', `${LAYER_VERSIONS}/{}`, layers.deleteLayerVersion],
  ['POST', `${LAYER_VERSIONS}/{}/policy`, layers.addLayerVersionPermission],
  ['GET', `${LAYER_VERSIONS}/{}/policy`, layers.getLayerVersionPolicy],
  ['DELETE', `${LAYER_VERSIONS}/{}/policy/{}`, layers.removeLayerVersionPermission],
  ['GET', '/lambdabin/layer/{}/{}', layers.downloadLayer],

  ['GET', '/2016-08-19/account-settings', account.getAccountSettings],
  ['GET', '/2020-06-30/functions/{}/code-signing-config', account.getCodeSigningConfig],
  ['PUT', '/2020-06-30/functions/{}/code-signing-config', account.putCodeSigningConfig],
  ['DELETE', '/2020-06-30/functions/{}/code-signing-config', account.deleteCodeSigningConfig],
  ['PUT', '/2021-07-20/functions/{}/runtime-management-config', account.putRuntimeManagementConfig],
  ['GET', '/2021-07-20/functions/{}/runtime-management-config', account.getRuntimeManagementConfig],
  ['PUT', '/2024-08-31/functions/{}/recursion-config', account.putRecursionConfig],
  ['GET', '/2024-08-31/functions/{}/recursion-config', account.getRecursionConfig],

  ['GET', '/2015-03-31/event-source-mappings', listEventSourceMappings],
]

const ROUTES = OPERATIONS.map(([method, path, operation]) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll('{}', '([^/]+)')}/?$`),
  operation,
}))

/** Throws an UnknownOperationException. Parameters are percent-decoded. */
export function findOperation(method: string, path: string): { operation: Operation; parameters: string[] } {
  for (const { method: expected, pattern, operation } of ROUTES) {
    const match = expected === method ? pattern.exec(path) : null
    if (match !== null) {
      return { operation, parameters: match.slice(1).map(percentDecoded) }
    }
  }
  throw new UnknownOperationException(
    `${method} ${path.slice(0, 200)} is no operation of this Lambda API; see lambdabin serve --help for what there is`,
  )
}

function percentDecoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
