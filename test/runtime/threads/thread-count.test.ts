import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuCount } from '../../../src/runtime/threads/thread-count.ts'

const count = (files: Record<string, string>, available = 16) => cpuCount((file) => files[file], available)

test('without a quota there are as many CPUs as Node.js says', () => {
  assert.equal(count({}), 16)
  assert.equal(count({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }), 16)
  assert.equal(count({ '/proc/self/cgroup': 'nonsense' }, 2), 2)
})

test('a quota of cgroups version 2 counts, a part of a CPU as one', () => {
  const own = { '/proc/self/cgroup': '0::/a/b\n' }
  assert.equal(count({ ...own, '/sys/fs/cgroup/a/b/cpu.max': '200000 100000\n' }), 2)
  assert.equal(count({ ...own, '/sys/fs/cgroup/a/b/cpu.max': '150000 100000\n' }), 2)
  assert.equal(count({ ...own, '/sys/fs/cgroup/a/b/cpu.max': '10000 100000\n' }), 1)
  assert.equal(count({ ...own, '/sys/fs/cgroup/a/b/cpu.max': '900000 100000\n' }, 4), 4)
})

test('of groups in each other the least counts, and in a container the one at the root', () => {
  const own = { '/proc/self/cgroup': '0::/a/b\n', '/sys/fs/cgroup/a/b/cpu.max': '400000 100000' }
  assert.equal(count({ ...own, '/sys/fs/cgroup/a/cpu.max': '300000 100000' }), 3)
  assert.equal(count({ '/proc/self/cgroup': '0::/../x\n', '/sys/fs/cgroup/cpu.max': '300000 100000' }), 3)
})

test('a quota of cgroups version 1 counts', () => {
  const own = { '/proc/self/cgroup': '12:pids:/\n3:cpu,cpuacct:/lambda\n' }
  for (const mount of ['cpu', 'cpu,cpuacct']) {
    const files = {
      [`/sys/fs/cgroup/${mount}/lambda/cpu.cfs_quota_us`]: '250000\n',
      [`/sys/fs/cgroup/${mount}/lambda/cpu.cfs_period_us`]: '100000\n',
    }
    assert.equal(count({ ...own, ...files }), 3)
  }
  const none = {
    '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  }
  assert.equal(count({ ...own, ...none }), 16)
})
