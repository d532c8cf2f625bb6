/**
 * The first file of the builder's container: starts the step of the project that is mounted if that is lambdabin's own
 * repository, so that an edit there takes no new image, else the image's.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const MOUNTED = '/lambdabin/project'

const isOwnRepository = ['bin/lambdabin.js', 'scripts/docker/build-step.ts'].every((file) =>
  existsSync(`${MOUNTED}/${file}`),
)
const step = isOwnRepository
  ? `${MOUNTED}/scripts/docker/build-step.ts`
  : fileURLToPath(new URL('build-step.ts', import.meta.url))

if (existsSync(step)) {
  await import(step)
} else {
  process.stderr.write(
    `lambdabin: this image was made in lambdabin's repository, expects that at ${MOUNTED}, and found none; ` +
      'start it there with docker-compose up, and for another project use lambdabin build --docker\n',
  )
  process.exitCode = 2
}
