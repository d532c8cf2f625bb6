/** The classes of the AWS SDK that a function's chunks have evaluated. */

/** Is told of a class of a client, by its name; or, with the name of a command, of a class of that client's commands. */
export type RegisterSdk = (client: string, value: SdkClass, command?: string) => void

/** Whatever it makes. */
// biome-ignore lint/suspicious/noExplicitAny: the SDK's own, of any version.
export type SdkClass = new (...parameters: any[]) => any

/** Wraps another client, which is given to its method `from`, and sends by that. */
export const DOCUMENT_CLIENT = 'DynamoDBDocumentClient'
export const WRAPPED_CLIENT = 'DynamoDBClient'

/** By their names: what chunks call `__registerSdk` for. */
export class SdkRegistry {
  readonly clients = new Map<string, SdkClass>()
  /** By the name of the client, and that of the command. */
  readonly #commands = new Map<string, Map<string, SdkClass>>()
  /** Those that a client itself has a use for. */
  readonly #ofClients = new Map<string, Map<string, SdkClass>>()
  /** What clients inherit, as it was when they were defined. */
  readonly #methods = new Map<SdkClass, readonly unknown[]>()

  readonly register: RegisterSdk = (client, value, command) => {
    if (command === undefined) {
      this.clients.set(client, value)
      this.#methods.set(value, methodsOf(value))
    } else {
      // What a client imports is evaluated before it.
      const kind = this.clients.has(client) ? this.#commands : this.#ofClients
      kind.set(client, (kind.get(client) ?? new Map()).set(command, value))
    }
  }

  /** The names of a client's commands, in the order in which they were evaluated. Those that the client itself has a use for are the last. */
  commandsOf(client: string): string[] {
    return [this.#commands, this.#ofClients].flatMap((kind) => [...(kind.get(client)?.keys() ?? [])])
  }

  /** Whether somebody has put a method of their own on a client's class, as what mocks clients does: it would see what is sent. */
  areReplaced(): boolean {
    return [...this.#methods].some(([value, before]) => {
      const methods = methodsOf(value)
      return methods.length !== before.length || methods.some((each, index) => each !== before[index])
    })
  }

  command(client: string, name: string): SdkClass | undefined {
    return this.#commands.get(client)?.get(name) ?? this.#ofClients.get(client)?.get(name)
  }
}

/** Their names and values, of all classes that it extends. */
function methodsOf(value: SdkClass): unknown[] {
  const found: unknown[] = []
  let holder = value.prototype
  while (holder && holder !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(holder)) {
      found.push(name, Object.getOwnPropertyDescriptor(holder, name)?.value)
    }
    holder = Object.getPrototypeOf(holder)
  }
  return found
}
