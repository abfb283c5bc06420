import type { Command } from 'commander'
import { trigger, undiciTransport } from '../assemble.js'
import { EXIT } from './app.js'
import { printJson } from './print.js'
import type { Run } from './run.js'

/** `trigger`: one signed event about a deal, sent by the simulated Partner Center to this service. */
export function triggerCommand(program: Command, run: Run): void {
  program
    .command('trigger <event> <deal>')
    .description('send a correctly signed event about a deal to this service (sandbox only)')
    .action(
      run.service(async ({ service, config, io, json, usage, signal }, _options, [event = '', name = '']) => {
        const { referralId } = await service.deal(name, { live: false })
        if (referralId === null) return usage(`${name} has no referral yet; there is nothing an event could be about.`)
        const transport = undiciTransport({ proxy: null, ca: null })
        try {
          const sent = await trigger({ config, transport, signal }, event, referralId)
          if (json) printJson(io, sent)
          else io.out(`${event} about ${referralId} is on its way to ${sent.url}.\n`)
          return EXIT.done
        } finally {
          await transport.close()
        }
      }),
    )
}
