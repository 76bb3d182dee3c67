declare module 'swagger-ui-dist' {
  export function SwaggerUIBundle(options: { domNode: HTMLElement | null; url: string; deepLinking?: boolean }): void
}
