/** Has served functions be as a template describes them: their handlers, and how they are run. */

import {
  checkFunctionVariables,
  EnvironmentVariableError,
} from '../../emulator/environments/environment-variables.ts'
import type { LocalFunction } from '../../emulator/functions/local-function.ts'
import type { TemplateFunction } from '../../emulator/routes/http-api-definition.ts'
import type { ServedFunction } from './handler-choice.ts'

const LAYER_FILE = /(?:^|[\s=:])\/opt\//

/**
 * Has functions run the handlers that a template names for them, with its settings where nobody has given others. Where it names
 * several of one package, each is a function of its own, as in the template; those are what this returns.
 */
export function followTemplate(
  served: readonly ServedFunction[],
  described: readonly TemplateFunction[],
): LocalFunction[] {
  const byName = new Map(served.map((each) => [each.local.name, each]))
  const found = described.flatMap((each) => {
    const [served] = each.names.flatMap((name) => byName.get(name) ?? [])
    return served === undefined ? [] : [{ served, described: each }]
  })
  const added: LocalFunction[] = []
  for (const each of served) {
    const own = found.filter(({ served }) => served === each).map(({ described }) => described)
    const [first, ...others] = own.flatMap((described) => {
      const setting = each.choice.settingFor(described.handler)
      return setting === undefined ? [] : [{ described, setting }]
    })
    if (first === undefined || others.every(({ setting }) => setting === first.setting)) {
      const [only] = own
      if (first !== undefined) {
        each.choice.name(first.setting)
      }
      if (only !== undefined) {
        applySettings(each.local, each, only)
      }
      continue
    }
    for (const { described, setting } of [first, ...others]) {
      const [name = ''] = described.names
      const there = byName.get(name)?.local
      const local = there ?? each.copy?.(name, setting)
      if (local === undefined) {
        continue
      }
      applySettings(local, each, described)
      if (there === undefined) {
        added.push(local)
      }
    }
  }
  return added
}

function applySettings(local: LocalFunction, { run }: ServedFunction, { settings }: TemplateFunction): void {
  const { timeout, memorySize, environment } = settings
  local.configuration = {
    ...local.configuration,
    ...(timeout !== undefined && run.defaults.timeout && { timeout }),
    ...(memorySize !== undefined && run.defaults.memory && { memorySize }),
    environment: { ...usable(environment, run.layers.length > 0), ...run.environment },
  }
}

/**
 * Without the variables that Lambda would refuse: the template cannot be deployed with them, which is not for a local run to say. And without
 * those that lead to files of layers, where none is given: `AWS_LAMBDA_EXEC_WRAPPER: /opt/otel-handler` would keep the function from starting.
 */
function usable(
  environment: Readonly<Record<string, string>>,
  hasLayers: boolean,
): Readonly<Record<string, string>> {
  const taken = Object.entries(environment).filter(([name, value]) => {
    if (!hasLayers && LAYER_FILE.test(value)) {
      return false
    }
    try {
      checkFunctionVariables({ [name]: value })
      return true
    } catch (error) {
      if (error instanceof EnvironmentVariableError) {
        return false
      }
      throw error
    }
  })
  return Object.fromEntries(taken)
}
