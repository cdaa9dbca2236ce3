// Swagger UI, told to stay on this host: nothing is fetched from elsewhere, and the key goes to the sidecar alone.
import type { Plugin } from 'swagger-ui-dist/swagger-ui-es-bundle.js';

import { base } from '../base/api';

interface Scheme {
  type: string;
  scheme?: string;
}

export interface Document {
  servers?: { url: string }[];
  components?: { securitySchemes?: Record<string, Scheme> };
  security?: Record<string, string[]>[];
}

// A key or a token that one types in. For any other scheme Swagger UI would ask the authorization server.
const takesSecret = ({ type, scheme }: Scheme): boolean => type === 'apiKey' || scheme === 'bearer';

function withoutOtherHosts(description: Document): Document {
  // Under whatever address the page was reached, its requests go there.
  const local = { ...description, servers: [{ url: base.href.replace(/\/$/, '') }] };
  if (!description.components?.securitySchemes) return local;
  const securitySchemes = Object.fromEntries(Object.entries(description.components.securitySchemes).filter(([, scheme]) => takesSecret(scheme)));
  const security = (description.security ?? []).filter((needed) => Object.keys(needed).every((name) => name in securitySchemes));
  return { ...local, components: { ...description.components, securitySchemes }, security };
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
  const spec = withoutOtherHosts(description);
  const ui = SwaggerUI({
    domNode: element,
    spec,
    plugins: [plainDescriptions],
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    persistAuthorization: false,
    onComplete: () => {
      // Of the schemes the one that takes both, keys and tokens; a token under X-API-Key too would be refused.
      const [name] = Object.entries(spec.components?.securitySchemes ?? {}).find(([, { scheme }]) => scheme === 'bearer') ?? [];
      if (key && name) ui.preauthorizeApiKey(name, key);
    },
  });
}
