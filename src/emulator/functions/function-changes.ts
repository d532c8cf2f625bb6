/** Changes of functions, versions and aliases: one after the other for each function, and kept before they are answered. */

import { randomUUID } from 'node:crypto'
import type { Account } from '../account.ts'
import type { FunctionCode } from '../code/function-code.ts'
import { PackageCode } from '../code/package-code.ts'
import type { EnvironmentPool } from '../environments/environment-pool.ts'
import {
  InvalidParameterValueException,
  ResourceConflictException,
  ResourceNotFoundException,
} from '../lambda-error.ts'
import { SerialChanges } from '../serial-changes.ts'
import type { Alias, FunctionConfiguration } from './function-configuration.ts'
import type { FunctionStore } from './function-store.ts'
import { FunctionVersion } from './function-version.ts'
import { LocalFunction } from './local-function.ts'

export interface FunctionChangesOptions {
  account: Account
  pool: EnvironmentPool
  /** Starts the environments that a version or an alias has provisioned. */
  provision: (name: string, qualifier: string) => Promise<void>
  store: FunctionStore
  workFolder: string
}

/** May refuse the change by throwing. */
type ConfigurationChange = (configuration: FunctionConfiguration) => FunctionConfiguration

export class FunctionChanges {
  readonly #options: FunctionChangesOptions
  readonly #changes = new SerialChanges()

  constructor(options: FunctionChangesOptions) {
    this.#options = options
  }

  async create(configuration: FunctionConfiguration, zip: Uint8Array): Promise<LocalFunction> {
    const { functionName } = configuration
    const { account, store, workFolder } = this.#options
    return await this.#changes.run(functionName, async () => {
      if (account.has(functionName)) {
        throw new ResourceConflictException(`Function already exist: ${functionName}`)
      }
      const unpacked = await PackageCode.unpack(zip, workFolder)
      const code = await store.keepCode(functionName, unpacked)
      const created = new LocalFunction({ configuration, code, isPersistent: true })
      await store.save(created)
      account.add(created)
      return created
    })
  }

  /** `change` gets the configuration of `$LATEST` as it is. */
  async updateConfiguration(name: string, change: ConfigurationChange): Promise<LocalFunction> {
    return await this.update(name, (changed) => {
      changed.configuration = change(changed.configuration)
    })
  }

  /** `change` is called first. */
  async updateCode(name: string, zip: Uint8Array, change: ConfigurationChange): Promise<LocalFunction> {
    const { account, store, workFolder } = this.#options
    return await this.#changes.run(name, async () => {
      const changed = account.find(name)
      if (changed.code.fixedBecause !== undefined) {
        throw new ResourceConflictException(changed.code.fixedBecause)
      }
      const configuration = change(changed.configuration)
      const unpacked = await PackageCode.unpack(zip, workFolder)
      const before = { code: changed.code, configuration: changed.configuration }
      changed.code = changed.isPersistent ? await store.keepCode(name, unpacked) : unpacked
      changed.configuration = configuration
      try {
        await this.#save(changed)
      } catch (error) {
        Object.assign(changed, before)
        throw error
      }
      this.#retire(changed, changed.latest, before.code)
      return changed
    })
  }

  /** Any other change; what it leaves undone when it throws half-way is undone. */
  async update<Result>(name: string, change: (changed: LocalFunction) => Result): Promise<LocalFunction> {
    return await this.#changes.run(name, async () => {
      const changed = this.#options.account.find(name)
      const before = snapshot(changed)
      try {
        change(changed)
        await this.#save(changed)
      } catch (error) {
        before.restore()
        throw error
      }
      return changed
    })
  }

  /** The version that has what `$LATEST` has now: a new one, unless the last one has it. */
  async publish(name: string, description: string | undefined): Promise<FunctionVersion> {
    let published: FunctionVersion | undefined
    await this.update(name, (changed) => {
      const { configuration, code } = changed.latest
      const last = changed.versions.get(String(changed.lastVersion))
      if (last !== undefined && isSame(last, changed.latest)) {
        published = last
        return
      }
      if (code.zip === undefined) {
        throw new InvalidParameterValueException(
          `the code of ${name} was not uploaded as a zip and may change at any time, so there can be no version of it; serve a zip`,
        )
      }
      const version = String(++changed.lastVersion)
      const copy = {
        ...configuration,
        revisionId: randomUUID(),
        ...(description !== undefined && { description }),
      }
      published = new FunctionVersion(version, copy, code)
      changed.versions.set(version, published)
    })
    return published as FunctionVersion
  }

  async saveAlias(name: string, alias: Alias): Promise<void> {
    await this.update(name, (changed) => {
      changed.aliases.set(alias.name, alias)
    })
    await this.#options.account.quietly(this.#options.provision(name, alias.name))
  }

  async deleteAlias(name: string, alias: string): Promise<void> {
    await this.update(name, (changed) => {
      changed.aliases.delete(alias)
      changed.settings.delete(alias)
    })
  }

  async delete(name: string): Promise<void> {
    const { account, store } = this.#options
    await this.#changes.run(name, async () => {
      const deleted = account.find(name)
      if (deleted.isPersistent) {
        await store.forget(name)
      }
      account.remove(name)
      for (const version of deleted.allVersions) {
        this.#retire(deleted, version, version.code)
      }
    })
  }

  async deleteVersion(name: string, version: string): Promise<void> {
    const { account } = this.#options
    let deleted: FunctionVersion | undefined
    const changed = await this.update(name, (of) => {
      const users = [...of.aliases.values()].filter(
        ({ functionVersion, weights }) => functionVersion === version || version in weights,
      )
      if (users.length > 0) {
        const names = users.map((alias) => account.arn(name, alias.name)).join(', ')
        throw new ResourceConflictException(
          `Version cannot be deleted because it is referenced by aliases: [${names}]`,
        )
      }
      deleted = of.versions.get(version)
      of.versions.delete(version)
      of.settings.delete(version)
    })
    if (deleted === undefined) {
      throw new ResourceNotFoundException(`Function not found: ${account.arn(name, version)}`)
    }
    this.#retire(changed, deleted, deleted.code)
  }

  /** Environments end after what they are doing; then the code is deleted, unless another version has it. */
  async #retire(of: LocalFunction, version: FunctionVersion, code: FunctionCode): Promise<void> {
    const { account, pool, store } = this.#options
    for (const revision of version.forgetRevisions()) {
      await pool.retire(revision)
    }
    const isDeleted = !account.has(of.name) || account.find(of.name) !== of
    if (!isDeleted && of.allVersions.some((other) => other.code === code)) {
      return
    }
    await account.quietly(code.remove())
    if (of.isPersistent && isDeleted) {
      await account.quietly(this.#changes.run(of.name, () => store.sweep(of.name)))
    }
  }

  async #save(changed: LocalFunction): Promise<void> {
    if (changed.isPersistent) {
      await this.#options.store.save(changed)
    }
  }
}

/** What a new version would have that the old one has not; when it was changed last is no difference. */
function isSame(last: FunctionVersion, latest: FunctionVersion): boolean {
  return last.code === latest.code && comparable(last) === comparable(latest)
}

function comparable({ configuration }: FunctionVersion): string {
  const { lastModified, revisionId, description, url, reservedConcurrency, tags, ...rest } = configuration
  return JSON.stringify(rest)
}

function snapshot(of: LocalFunction): { restore: () => void } {
  const { configuration, lastVersion, recursiveLoop } = of
  const maps = [of.versions, of.aliases, of.settings].map(
    (map) => [map, new Map<string, unknown>(map)] as const,
  )
  return {
    restore: () => {
      Object.assign(of, { lastVersion, recursiveLoop })
      of.configuration = configuration
      for (const [map, before] of maps) {
        map.clear()
        for (const [name, value] of before) {
          ;(map as Map<string, unknown>).set(name, value)
        }
      }
    },
  }
}
