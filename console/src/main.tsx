import { createDOMRenderer, RendererProvider } from '@fluentui/react-components'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient } from './api/queries.js'
import { styleNonce } from './app/nonce.js'
import { createAppRouter } from './app/router.js'
import { Surface } from './app/surface.js'
import { loadMessages, LocaleProvider, preferredLocale } from './i18n/locale.js'
import './styles/base.css'
import './styles/shell.css'
import './styles/parts.css'

// Fluent UI writes its styles as it needs them; the content policy lets it, by the value that came with this page.
const renderer = createDOMRenderer(document, { styleElementAttributes: { nonce: styleNonce } })

async function start(root: HTMLElement): Promise<void> {
  const locale = preferredLocale()
  const text = await loadMessages(locale)
  const client = createQueryClient()
  const router = createAppRouter(client)
  createRoot(root).render(
    <StrictMode>
      <RendererProvider renderer={renderer} targetDocument={document}>
        <LocaleProvider first={{ locale, text }}>
          <QueryClientProvider client={client}>
            <Surface>
              <RouterProvider router={router} />
            </Surface>
          </QueryClientProvider>
        </LocaleProvider>
      </RendererProvider>
    </StrictMode>,
  )
}

const root = document.getElementById('root')
if (root !== null) void start(root)
