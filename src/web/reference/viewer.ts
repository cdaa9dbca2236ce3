// Swagger UI, told to stay on this host: nothing is fetched from elsewhere, and the key goes to the sidecar alone.
import type { Plugin } from 'swagger-ui-dist/swagger-ui-es-bundle.js';

import { base } from '../base/api';

export interface Document {
  servers?: { url: string }[];
  components?: { securitySchemes?: Record<string, { type: string; scheme?: string }> };
}

// Descriptions are the wrapped server's, and text here as everywhere. Swagger UI takes them for Markdown, with HTML in it.
const plainDescriptions: Plugin = ({ React }) => ({
  wrapComponents: {
    Markdown: () => ({ source, className = '' }) => (source ? React.createElement('div', { className: `plain-text ${className}` }, source) : null),
  },
});

const dark = matchMedia('(prefers-color-scheme: dark)');

function followColours(): void {
  document.documentElement.classList.toggle('dark-mode', dark.matches);
}

export async function show(element: HTMLElement, description: Document, key: string): Promise<void> {
  const { default: SwaggerUI } = await import('swagger-ui-dist/swagger-ui-es-bundle.js');
  followColours();
  dark.addEventListener('change', followColours);
  const ui = SwaggerUI({
    domNode: element,
    // Under whatever address the page was reached, its requests go there.
    spec: { ...description, servers: [{ url: base.href.replace(/\/$/, '') }] },
    plugins: [plainDescriptions],
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    persistAuthorization: false,
    onComplete: () => {
      if (!key) return;
      for (const [name, scheme] of Object.entries(description.components?.securitySchemes ?? {})) {
        if (scheme.type === 'apiKey' || scheme.scheme === 'bearer') ui.preauthorizeApiKey(name, key);
      }
    },
  });
}
