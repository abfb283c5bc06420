import type { Server } from 'node:http'

const lastAnswersMs = 2_000 // For what is under way at the end; who has not even sent a whole request by then is cut off.
const lookEveryMs = 50

/** Takes no more connections, lets what is under way be answered, and ends what is kept alive as soon as nothing is asked on it. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const looks = setInterval(() => server.closeIdleConnections(), lookEveryMs)
    const enough = setTimeout(() => server.closeAllConnections(), lastAnswersMs)
    server.close(() => {
      clearInterval(looks)
      clearTimeout(enough)
      resolve()
    })
    server.closeIdleConnections()
  })
}
