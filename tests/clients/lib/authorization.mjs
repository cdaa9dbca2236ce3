// Authorization servers: a real one (oidc-provider), and a scripted one that can misbehave.
import { createServer } from 'node:http';
import { once } from 'node:events';

import * as jose from 'jose';

const closed = (test, server) => test.after(() => (server.closeAllConnections(), new Promise((done) => server.close(done))));

async function listen(test, server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closed(test, server);
  return server.address().port;
}

export const secret = 'the-secret-of-the-client';

// oidc-provider, for a client `app` with client_credentials; tokens are JWTs for `resource`.
export async function realIssuer(test, { resource, scopes }) {
  const { default: Provider } = await import('oidc-provider');
  const server = createServer((request, response) => handle(request, response));
  const port = await listen(test, server);
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey } = await jose.generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await jose.exportJWK(privateKey)), kid: 'real', alg: 'RS256', use: 'sig' }] },
    clients: [{ client_id: 'app', client_secret: secret, grant_types: ['client_credentials'], response_types: [], redirect_uris: [] }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        getResourceServerInfo: (_, asked) => ({ scope: scopes.join(' '), audience: asked, accessTokenFormat: 'jwt', accessTokenTTL: 600 }),
      },
    },
    scopes,
    ttl: { ClientCredentials: 600 },
  });
  const handle = provider.callback();
  return { issuer, jwks: `${issuer}/jwks` };
}

// Signs any claims; a test may change its key set. `requests` counts requests for the key set.
export class Issuer {
  issuer = 'https://as.example';
  keys = [];
  requests = 0;

  static async start(test, { audience, server, port } = {}) {
    const self = new Issuer();
    self.audience = audience;
    await self.rotate('first');
    server ??= createServer();
    server.on('request', (_, response) => {
      self.requests += 1;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: self.keys }));
    });
    if (port) {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      closed(test, server);
    } else {
      port = await listen(test, server);
    }
    self.port = port;
    self.jwks = `http://127.0.0.1:${port}/keys?tenant=a`;
    return self;
  }

  // Signs with a new key pair from now on, which is published unless `hidden`.
  async rotate(kid, { algorithm = 'ES256', hidden = false } = {}) {
    this.pair = await jose.generateKeyPair(algorithm, { extractable: true });
    this.header = { alg: algorithm, kid, typ: 'at+jwt' };
    if (!hidden) this.keys = [...this.keys, await this.publicKey()];
  }

  publicKey = async () => ({ ...(await jose.exportJWK(this.pair.publicKey)), kid: this.header.kid, use: 'sig' });

  sign(claims = {}, header = {}, key = this.pair.privateKey) {
    const now = Math.floor(Date.now() / 1000);
    const all = { iss: this.issuer, aud: this.audience, sub: 'user', client_id: 'app', iat: now, exp: now + 600, ...claims };
    return new jose.SignJWT(all).setProtectedHeader({ ...this.header, ...header }).sign(key);
  }
}
