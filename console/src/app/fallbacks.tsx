import { Button } from '@fluentui/react-components'
import { useText } from '../i18n/locale.js'
import { Empty, Waiting } from '../parts/answers.js'
import { PageLink } from '../parts/links.js'

export function NotFoundPage() {
  const { common } = useText()
  return (
    <div className="lone">
      <Empty icon="search" title={common.problems.notFound} heading>
        <p>{common.problems.notFoundRemedy}</p>
        <PageLink to="/">{common.nav.overview}</PageLink>
      </Empty>
    </div>
  )
}

/** As the browsers, and the loader of styles, say that a part of the console did not come. */
const notLoaded = /preload CSS|dynamically imported module|module script failed/i

export function BrokenPage({ error }: { readonly error: unknown }) {
  const { common } = useText()
  if (error instanceof Error && notLoaded.test(error.message)) return <NotLoadedPage />
  return (
    <div className="lone" role="alert">
      <Empty icon="attention" title={common.problems.broken} heading>
        <p>{common.problems.brokenRemedy}</p>
        <pre className="code">{error instanceof Error ? error.message : String(error)}</pre>
        <Button onClick={() => location.reload()}>{common.problems.reload}</Button>
      </Empty>
    </div>
  )
}

/** Each page is loaded when it is opened first: the service may be down by then, or serve a newer version. */
function NotLoadedPage() {
  const { common } = useText()
  return (
    <div className="lone" role="alert">
      <Empty icon="attention" title={common.problems.notLoaded} heading>
        <p>{common.problems.notLoadedRemedy}</p>
        <Button onClick={() => location.reload()}>{common.problems.reload}</Button>
      </Empty>
    </div>
  )
}

export const PendingPage = () => <Waiting rows={8} />
