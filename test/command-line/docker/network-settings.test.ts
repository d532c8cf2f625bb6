import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { networkSettings } from '../../../src/command-line/docker/network-settings.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

/** A user without settings. */
const NOBODY = { NPM_CONFIG_USERCONFIG: '/nowhere/.npmrc' }

test('proxies reach the image’s making and the container', (t) => {
  const { variables, ofImage, options } = networkSettings(
    temporaryFolder(t),
    { ...NOBODY, HTTPS_PROXY: 'http://proxy.example:3128', no_proxy: '.example', HTTP_PROXY: '' },
    'linux',
  )
  assert.deepEqual(variables, { HTTPS_PROXY: 'http://proxy.example:3128', no_proxy: '.example' })
  assert.deepEqual(ofImage, ['HTTPS_PROXY', 'no_proxy'])
  assert.deepEqual(options, [])
})

test('a proxy on this computer is reached from inside a container, too', (t) => {
  const env = { ...NOBODY, http_proxy: 'http://user:word@127.0.0.1:3128/' }
  assert.deepEqual(networkSettings(temporaryFolder(t), env, 'linux').options, ['--network', 'host'])
  const onMac = networkSettings(temporaryFolder(t), env, 'darwin')
  assert.deepEqual(onMac.options, [])
  assert.deepEqual(onMac.variables, { http_proxy: 'http://user:word@host.docker.internal:3128/' })
})

test('a registry is known to the image, but no secret of it', (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    '.npmrc': `registry=https://npm.example/\n//npm.example/:_authToken=$${'{NPM_TOKEN}'}\n//other.example/:_authToken=literal\n`,
  })
  const env = { ...NOBODY, NPM_TOKEN: 'secret', OTHER: 'unasked' }
  const { variables, ofImage } = networkSettings(folder, env, 'linux')
  assert.deepEqual(variables, { NPM_CONFIG_REGISTRY: 'https://npm.example/', NPM_TOKEN: 'secret' })
  assert.deepEqual(ofImage, ['NPM_CONFIG_REGISTRY'])
  const withWord = { ...NOBODY, npm_config_registry: 'https://me:word@npm.example/' }
  assert.deepEqual(networkSettings(temporaryFolder(t), withWord, 'linux').ofImage, [])
})

test('certificates and npm’s own settings are files that are there', (t) => {
  const folder = writeFiles(temporaryFolder(t), { 'ca.pem': 'PEM', '.npmrc-of-mine': '' })
  const found = networkSettings(folder, {
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    NPM_CONFIG_USERCONFIG: join(folder, '.npmrc-of-mine'),
  })
  assert.equal(found.certificates, join(folder, 'ca.pem'))
  assert.equal(found.npmSettings, join(folder, '.npmrc-of-mine'))
  const none = networkSettings(folder, { ...NOBODY, NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' })
  assert.deepEqual([none.certificates, none.npmSettings], [undefined, undefined])
})
