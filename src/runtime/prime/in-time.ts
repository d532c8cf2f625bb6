/** What `work` comes to; `late` once so many milliseconds have passed. It keeps the process alive until then. */
export async function inTime<Result>(
  work: Promise<Result>,
  milliseconds: number,
  late: Result,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<Result>((resolve) => {
    timer = setTimeout(() => resolve(late), milliseconds)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
