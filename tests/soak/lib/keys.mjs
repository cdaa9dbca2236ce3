// The keys of the soak's owners: a keys file that is rewritten while the sidecar runs.
import { createHash, randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';

// Two owners whose keys are only rotated, one whose key is revoked at times, and the administrator.
export const steady = ['alpha', 'beta'];
export const unlucky = 'gamma';
export const admin = 'keeper';
const owners = [...steady, unlucky, admin];

export class Keys {
  #path;
  #current = new Map(owners.map((owner) => [owner, newKey()]));
  #also = new Map(); // owner → a second valid key
  #revoked = new Set();

  constructor(path) {
    this.#path = path;
    this.write();
  }

  headers(owner) {
    return headersFor(this.#current.get(owner));
  }

  // Gives an owner a second key and returns its headers. The key is used from adopt() on; the first
  // one is valid until retire().
  renew(owner) {
    const key = newKey();
    this.#also.set(owner, key);
    this.write();
    return headersFor(key);
  }

  adopt(owner) {
    const old = this.#current.get(owner);
    this.#current.set(owner, this.#also.get(owner));
    this.#also.set(owner, old);
  }

  retire(owner) {
    this.#also.delete(owner);
    this.write();
  }

  revoke(owner) {
    this.#revoked.add(owner);
    this.write();
  }

  restore(owner) {
    this.#revoked.delete(owner);
    this.#current.set(owner, newKey());
    this.write();
  }

  write() {
    const all = [...this.#current, ...this.#also].filter(([owner]) => !this.#revoked.has(owner));
    const keys = all.map(([name, key]) => ({ name, sha256: createHash('sha256').update(key).digest('hex'), ...(name === admin && { admin: true }) }));
    writeFileSync(`${this.#path}.new`, JSON.stringify({ keys }), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

const newKey = () => randomBytes(24).toString('base64url');
const headersFor = (key) => ({ 'x-api-key': key });
