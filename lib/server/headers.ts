import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Headers that a proxy would add and that Next would believe; there is no proxy, so whoever sends them lies. */
const untrusted = ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-for', 'x-forwarded-port', 'forwarded', 'x-middleware-subrequest'];

/**
 * Sets the security headers of every answer. Next reads the policy from the request and puts the nonce on its own scripts.
 * @param origins of the app (`http://localhost:3000`) and of the preview's frames
 */
export function protect(request: IncomingMessage, response: ServerResponse, origins: { app: string; preview: string }, dev: boolean): void {
  for (const name of untrusted) delete request.headers[name];
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    "default-src 'self'",
    // The development build of React evaluates code to show better errors.
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${dev ? " 'unsafe-eval'" : ''}`,
    // The terminal emulator writes style elements.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self' ${origins.app.replace('http', 'ws')}`,
    `frame-src ${origins.preview}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
  request.headers['content-security-policy'] = policy;
  const headers = {
    'Content-Security-Policy': policy,
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), clipboard-read=(), geolocation=(), microphone=()',
  };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}
