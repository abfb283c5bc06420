import type { FastifyReply, FastifyRequest } from 'fastify'
import { messagePage, type PageLanguage } from './home.js'

/** What a person can be told on the way through the sign-in, before there is a console that speaks their language. */
export type SignInMessage =
  | { readonly kind: 'not-set-up' }
  | { readonly kind: 'not-now' }
  | { readonly kind: 'over' }
  | { readonly kind: 'failed'; readonly requestId: string }
  | { readonly kind: 'no-role'; readonly person: string | null }
  /** A connection that was signed in to in the browser; `said`: the fault in the service's own words. */
  | { readonly kind: 'not-connected'; readonly said: string }

const STATUS: Readonly<Record<SignInMessage['kind'], number>> = { 'not-set-up': 404, 'not-now': 502, over: 400, failed: 400, 'no-role': 403, 'not-connected': 400 }

type Words = readonly [title: string, text: string]

function english(message: SignInMessage): Words {
  switch (message.kind) {
    case 'not-set-up':
      return ['Sign-in is not set up', 'Set server.signIn in the configuration, or use a bearer token of server.adminTokens.']
    case 'not-now':
      return [
        'Sign-in is not possible now',
        'The provider (server.signIn.issuer) does not answer as it should; the log says how. A bearer token of server.adminTokens works meanwhile.',
      ]
    case 'over':
      return ['This sign-in is over', 'It took too long, or was begun in another browser. Sign in again.']
    case 'failed':
      return ['The sign-in failed', `The log has the reason under request_id ${message.requestId}. Sign in again.`]
    case 'no-role': {
      const who = message.person === null ? '' : ` as ${message.person}`
      return ['You have no role here', `You are signed in${who}, but server.signIn.roles names neither you nor a group or role of yours.`]
    }
    case 'not-connected':
      return ['The sign-in did not work', message.said]
  }
}

function chinese(message: SignInMessage): Words {
  switch (message.kind) {
    case 'not-set-up':
      return ['尚未设置登录', '请在配置中设置 server.signIn，或使用 server.adminTokens 中的令牌。']
    case 'not-now':
      return ['目前无法登录', '登录提供方（server.signIn.issuer）没有正常应答，日志中有具体原因。在此期间可以使用 server.adminTokens 中的令牌。']
    case 'over':
      return ['此次登录已失效', '登录耗时过长，或是在另一个浏览器中开始的。请重新登录。']
    case 'failed':
      return ['登录失败', `日志在 request_id ${message.requestId} 下记录了原因。请重新登录。`]
    case 'no-role': {
      const who = message.person === null ? '' : `（${message.person}）`
      return ['您在此处没有角色', `您已登录${who}，但 server.signIn.roles 既没有列出您，也没有列出您的任何组或角色。`]
    }
    case 'not-connected':
      return ['登录未成功', `服务的原文说明：${message.said}`]
  }
}

/** The first of our languages that the browser asks for; English where it asks for neither. Source: RFC 9110, 12.5.4. */
export function languageOf(header: string | undefined): PageLanguage {
  const asked = (header ?? '').split(',').map((part) => {
    const [tag = '', ...parameters] = part.trim().toLowerCase().split(';')
    const weight = parameters.map((parameter) => /^\s*q=([\d.]+)$/.exec(parameter)?.[1]).find((value) => value !== undefined)
    return { language: tag.trim().split('-')[0], weight: weight === undefined ? 1 : Number(weight) }
  })
  const ours = asked.filter(({ language, weight }) => (language === 'en' || language === 'zh') && weight > 0)
  return ours.sort((a, b) => b.weight - a.weight)[0]?.language === 'zh' ? 'zh-CN' : 'en'
}

export function signInPage(request: FastifyRequest, reply: FastifyReply, message: SignInMessage): FastifyReply {
  const language = languageOf(request.headers['accept-language'])
  const [title, text] = language === 'en' ? english(message) : chinese(message)
  return reply
    .code(STATUS[message.kind])
    .type('text/html; charset=utf-8')
    .header('vary', 'accept-language')
    .send(messagePage(title, text, language))
}
