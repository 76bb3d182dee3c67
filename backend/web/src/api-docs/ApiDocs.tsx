import 'swagger-ui-dist/swagger-ui.css'
import '../styles/api-docs.css'

import { useEffect, useRef } from 'react'
import { SwaggerUIBundle } from 'swagger-ui-dist'

/** The interactive description of the API, made from /openapi.json by this server alone. */
export function ApiDocs() {
  const place = useRef<HTMLDivElement>(null)

  useEffect(() => {
    document.title = 'API · ETF Atlas'
    SwaggerUIBundle({ domNode: place.current, url: '/openapi.json', deepLinking: true })
  }, [])

  return <main className="api-docs" ref={place} />
}
