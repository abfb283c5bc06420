import { z } from 'zod'
import { OPERATIONS, parametersOf, type Operation } from './operations.js'

/** The API's description, made from the table that also makes its routes. */
export function openApi(version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of OPERATIONS) {
    const path = `/api/v1${operation.path.replaceAll(/:(\w+)/g, '{$1}')}`
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation) }
  }
  for (const { path, method, ...about } of BESIDE) paths[path] = { ...paths[path], [method]: about }
  return {
    openapi: '3.1.0',
    info: {
      title: 'cosell',
      version,
      description: 'Everything the command line and the console can do. Errors are RFC 9457 problem details.',
    },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    security: [{ bearer: [] }],
    paths,
  }
}

const done = { default: { description: 'A problem.', content: { 'application/problem+json': {} } } }
const noContent = { 204: { description: 'Done.' }, ...done }

/** What has routes of its own, beside the table. */
const BESIDE = [
  {
    ...{ path: '/api/v1/session', method: 'post', operationId: 'signIn', summary: 'A bearer token becomes a session of the console.', security: [] },
    requestBody: {
      content: {
        'application/json': {
          schema: { type: 'object', required: ['token'], properties: { token: { type: 'string', maxLength: 500 } }, additionalProperties: false },
        },
      },
    },
    responses: noContent,
  },
  { path: '/api/v1/session', method: 'delete', operationId: 'signOut', summary: 'Ends the session of the caller.', responses: noContent },
  { path: '/api/v1/me', method: 'get', operationId: 'me', summary: 'Who calls, and with which role.', responses: { 200: { description: 'Done.' }, ...done } },
  { path: '/api/v1/sessions', method: 'get', operationId: 'sessions', summary: 'Who is signed in.', description: 'Role: admin.', responses: { 200: { description: 'Done.' }, ...done } },
  {
    ...{ path: '/api/v1/sessions/{id}', method: 'delete', operationId: 'endSession', summary: 'Ends a session.', description: 'Role: admin.' },
    parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    responses: noContent,
  },
  {
    ...{ path: '/api/v1/events', method: 'get', operationId: 'events', description: 'Role: viewer.' },
    summary: 'Server-sent events: `overview` when it changes, `deals` with the ids of deals about which something was recorded.',
    responses: { 200: { description: 'A stream without end.', content: { 'text/event-stream': {} } }, ...done },
  },
  {
    ...{ path: '/api/v1/install/package', method: 'get', operationId: 'crmPackage', description: 'Role: operator.' },
    summary: "An importable file with the connector's fields, tables, keys and icons for the CRM.",
    parameters: [{ name: 'form', in: 'query', required: false, schema: { type: 'string', enum: ['unmanaged', 'managed', 'source'], default: 'unmanaged' } }],
    responses: { 200: { description: 'The file.', content: { 'application/zip': {} } }, ...done },
  },
  {
    ...{ path: '/api/v1/backup', method: 'get', operationId: 'backup', description: 'Role: admin.' },
    summary: 'The whole store as of one moment, as "cosell restore" takes it. The sealing key is not in it.',
    responses: { 200: { description: 'The file.', content: { 'application/gzip': {} } }, ...done },
  },
] as const

function describe(operation: Operation): object {
  const schema = z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' })
  const properties = schema.properties ?? {}
  const inPath = parametersOf(operation)
  const rest = Object.entries(properties).filter(([name]) => !inPath.includes(name))
  const parameter = (name: string, where: 'path' | 'query', of: unknown): object => ({
    name,
    in: where,
    required: where === 'path',
    schema: of,
  })
  const body = {
    required: (schema.required ?? []).filter((name) => !inPath.includes(name)),
    type: 'object',
    properties: Object.fromEntries(rest),
    additionalProperties: false,
  }
  return {
    operationId: operation.name,
    summary: operation.summary,
    description: `Role: ${operation.role}.`,
    parameters: [
      ...inPath.map((name) => parameter(name, 'path', properties[name] ?? {})),
      ...(operation.method === 'GET' ? rest.map(([name, of]) => parameter(name, 'query', of)) : []),
    ],
    ...(operation.method === 'GET' || rest.length === 0 ? {} : { requestBody: { content: { 'application/json': { schema: body } } } }),
    responses: { 200: { description: 'Done.' }, default: { description: 'A problem.', content: { 'application/problem+json': {} } } },
  }
}
