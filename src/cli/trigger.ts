import type { Command } from 'commander'
import { request } from 'undici'
import { Fault } from '../core/fault.js'
import { EXIT } from './app.js'
import { printJson } from './print.js'
import type { Run } from './run.js'

/** `trigger`: one signed event about a deal, sent by the simulated Partner Center to this service. */
export function triggerCommand(program: Command, run: Run): void {
  program
    .command('trigger <event> <deal>')
    .description('send a correctly signed event about a deal to this service (sandbox only)')
    .addHelpText('after', '\nExamples:\n  cosell trigger referral-updated DEAL\n  cosell trigger related-referral-updated DEAL\n')
    .action(
      run.service(async ({ service, config, io, json, usage }, _options, [event = '', name = '']) => {
        const { referralsUrl } = config.partnerCenter
        const { publicUrl, listen } = config.server
        if (!isLoopback(referralsUrl))
          return usage(
            `"trigger" works with the sandbox only, and ${referralsUrl} is not on this machine. A real test event: cosell webhook test.`,
          )
        const { referralId } = await service.deal(name, { live: false })
        if (referralId === null) return usage(`${name} has no referral yet; there is nothing an event could be about.`)
        const url = `${(publicUrl !== null && isLoopback(publicUrl) ? publicUrl : `http://127.0.0.1:${listen.port}`).replace(/\/+$/, '')}/hooks/partner-center`
        await ask(`${referralsUrl.replace(/\/+$/, '')}/sandbox/trigger`, { event, referral: referralId, url })
        if (json) printJson(io, { event, referral: referralId, url })
        else io.out(`${event} about ${referralId} is on its way to ${url}.\n`)
        return EXIT.done
      }),
    )
}

const isLoopback = (url: string): boolean => ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)

async function ask(url: string, body: object): Promise<void> {
  const answer = await request(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).catch(
    (cause: unknown) => {
      throw new Fault('offline', `The sandbox at ${url} does not answer.`, {
        remedy: 'Start it with "cosell demo" or "cosell sandbox".',
        cause,
      })
    },
  )
  const said = await answer.body.text()
  if (answer.statusCode !== 202)
    throw new Fault('rejected', `The sandbox refused the event: ${said}`, {
      remedy: 'The events are named by "cosell trigger --help" and partnerCenter.webhook.events.',
    })
}
