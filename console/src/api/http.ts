/** What the service says when it refuses: RFC 9457 problem details. */
export interface Problem {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly code: string
  readonly remedy: string | null
}

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

export const isSignedOut = (error: unknown): boolean => error instanceof ApiError && error.problem.status === 401
export const isForbidden = (error: unknown): boolean => error instanceof ApiError && error.problem.status === 403

const text = (value: unknown, otherwise: string): string => (typeof value === 'string' && value !== '' ? value : otherwise)

async function problemFrom(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null)
  const given = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {} // every member is checked as it is taken
  return {
    status: response.status,
    title: text(given['title'], response.statusText),
    // The sandbox's desk says its sentence under `error`.
    detail: text(given['detail'], text(given['error'], `The service answered ${response.status}.`)),
    code: text(given['code'], String(response.status)),
    remedy: typeof given['remedy'] === 'string' ? given['remedy'] : null,
  }
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

/** One request to the API. A change carries a header that no other site can add, so that a forged form is refused. */
export async function request<Answer>(path: string, call: Call = {}): Promise<Answer> {
  const given = Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  const response = await fetch(query === '' ? path : `${path}?${query}`, {
    method: call.method ?? 'GET',
    headers: {
      accept: 'application/json',
      'x-cosell-request': '1',
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    ...(call.signal === undefined ? {} : { signal: call.signal }),
  }).catch((error: unknown) => {
    if (call.signal?.aborted === true) throw error
    throw new ApiError({ status: 0, title: 'offline', detail: 'The service cannot be reached.', code: 'offline', remedy: null })
  })
  if (!response.ok) throw new ApiError(await problemFrom(response))
  if (response.status === 204) return undefined as Answer // an operation without an answer is typed void
  return (await response.json()) as Answer // the server's schema of this operation, by the caller's type
}
