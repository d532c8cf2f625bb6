/** What a process that is isolated sees of the machine's folders: those of the system, and nothing of anybody's. */

import { copyFileSync, existsSync, mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

/** Folders at the top that are the system's, or are put in place otherwise. */
const SEEN = /^(usr|bin|sbin|lib\w*|nix|gnu|proc|sys|dev|etc|var|opt|tmp)$/
/** They hold what the system needs, so they stay, whoever works in them. */
const SYSTEM = [
  '/usr',
  '/usr/bin',
  '/usr/sbin',
  '/usr/lib',
  '/usr/lib64',
  '/usr/local',
  '/usr/local/bin',
  '/usr/local/lib',
]

/** Absolute paths, without links, of what is to be hidden: homes, the project, mounted disks, sockets of services. */
export function hiddenFolders(): string[] {
  const top = readdirSync('/', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !SEEN.test(entry.name))
    .map(({ name }) => `/${name}`)
  const more = [homedir(), process.cwd(), '/usr/src', '/usr/home'].flatMap(realFolder)
  return [...new Set([...top, ...more.filter((path) => isInSystem(path) && !SYSTEM.includes(path))])]
}

function realFolder(path: string): string[] {
  return existsSync(path) ? [realpathSync(path)] : []
}

/** In one of the folders that are seen as they are: what is in others is out of sight with them. */
function isInSystem(path: string): boolean {
  return /^\/(usr|bin|sbin|lib\w*|nix|gnu)\/./.test(path)
}

/** What the dynamic linker and OpenSSL look for in /etc; the rest of it may hold keys. */
const ETC_FILES = ['ld.so.cache', 'ld.so.conf', 'os-release', 'ssl/openssl.cnf', 'pki/tls/openssl.cnf']
export const ETC_FOLDERS = ['ssl/certs', 'pki/tls/certs', 'pki/ca-trust', 'ca-certificates', 'alternatives']

/** The user's name and home on Lambda. */
const LAMBDA_USER = 'sbx_user1051'

/** Fills `folder`, which is there, as an /etc. */
export function fillEtc(folder: string): void {
  for (const path of [...ETC_FILES, ...ETC_FOLDERS]) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
  }
  for (const path of ETC_FILES.filter((each) => existsSync(`/etc/${each}`))) {
    copyFileSync(`/etc/${path}`, join(folder, path))
  }
  for (const path of ETC_FOLDERS.filter((each) => existsSync(`/etc/${each}`))) {
    mkdirSync(join(folder, path), { recursive: true })
  }
  const [user, group] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0]
  const files = {
    passwd: `${LAMBDA_USER}:x:${user}:${group}::/home/${LAMBDA_USER}:/sbin/nologin\n`,
    group: `${LAMBDA_USER}:x:${group}:\n`,
    hosts: '127.0.0.1 localhost\n::1 localhost\n',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
    'resolv.conf': '',
  }
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text)
  }
}
