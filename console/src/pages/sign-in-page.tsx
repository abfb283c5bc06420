import { Button, Field, Input, Title1 } from '@fluentui/react-components'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useEffect, useState, type SubmitEvent } from 'react'
import { api } from '../api/client.js'
import { isSignedOut } from '../api/http.js'
import { keys } from '../api/queries.js'
import { SettingsMenu } from '../app/menus.js'
import { useText } from '../i18n/locale.js'
import { ProblemBar } from '../parts/answers.js'
import { Logo } from '../parts/icon.js'

const route = getRouteApi('/sign-in')

/** For those who are not known yet: with the organisation's sign-in, or with a token of the configuration. */
export function SignInPage() {
  const {
    common: { signIn, product },
  } = useText()
  const { next } = route.useSearch()
  const router = useRouter()
  const client = useQueryClient()
  const [token, setToken] = useState('')
  useEffect(() => {
    document.title = `${signIn.title} · ${product}`
  }, [signIn.title, product])
  const entering = useMutation({
    mutationFn: () => api.signIn(token.trim()),
    onSuccess: async () => {
      await client.resetQueries({ queryKey: keys.me })
      router.history.push(next ?? '/')
    },
  })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (token.trim() !== '') entering.mutate()
  }
  const wrong = isSignedOut(entering.error)
  return (
    <main className="sign-in">
      <div className="sign-in__settings">
        <SettingsMenu />
      </div>
      <form className="sign-in__card" onSubmit={submit}>
        <Logo size={48} />
        <Title1 as="h1">{signIn.title}</Title1>
        <p>{signIn.lead}</p>
        <Button as="a" size="large" href={`/auth/sign-in?returnTo=${encodeURIComponent(next ?? '/')}`}>
          {signIn.organisation}
        </Button>
        <p className="sign-in__or">{signIn.or}</p>
        <Field label={signIn.token} hint={signIn.tokenHint} {...(wrong ? { validationMessage: signIn.wrong } : {})}>
          <Input type="password" autoComplete="current-password" value={token} onChange={(_, { value }) => setToken(value)} size="large" />
        </Field>
        {entering.isError && !wrong && <ProblemBar error={entering.error} />}
        <Button type="submit" appearance="primary" size="large" disabled={entering.isPending}>
          {signIn.submit}
        </Button>
      </form>
    </main>
  )
}
