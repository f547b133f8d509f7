/**
 * Where this test file's NATS server is, if it has one: `mechanisms.ts` starts
 * it. All scripts that the file starts find it there.
 *
 * @module
 */
export const testServer: { url?: string; store?: string } = {};

/** The environment of a script that may use the server. */
export function serverEnv(): Record<string, string> {
  return testServer.url === undefined ? {} : { NATS_URL: testServer.url };
}
