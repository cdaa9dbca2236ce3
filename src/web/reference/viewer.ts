// Swagger UI, limited to this host: it fetches nothing from elsewhere and sends the key to the
// sidecar only.
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

// A key or a token that is typed in. For any other scheme Swagger UI asks the authorization server.
const takesSecret = ({ type, scheme }: Scheme): boolean => type === 'apiKey' || scheme === 'bearer';

function withoutOtherHosts(description: Document): Document {
  // Requests go to the address by which the page was reached.
  const local = { ...description, servers: [{ url: base.href.replace(/\/$/, '') }] };
  if (!description.components?.securitySchemes) return local;
  const securitySchemes = Object.fromEntries(Object.entries(description.components.securitySchemes).filter(([, scheme]) => takesSecret(scheme)));
  const security = (description.security ?? []).filter((needed) => Object.keys(needed).every((name) => name in securitySchemes));
  return { ...local, components: { ...description.components, securitySchemes }, security };
}

// Descriptions come from the wrapped server and are shown as text. Swagger UI takes them for
// Markdown with HTML.
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
      // The scheme that takes both keys and tokens; a token in X-API-Key is refused.
      const [name] = Object.entries(spec.components?.securitySchemes ?? {}).find(([, { scheme }]) => scheme === 'bearer') ?? [];
      if (key && name) ui.preauthorizeApiKey(name, key);
    },
  });
}
