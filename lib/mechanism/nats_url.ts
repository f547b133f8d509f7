/**
 * The address of a NATS server, as `--server` and NATS_URL have it. A password
 * in it is never shown again.
 *
 * @module
 */

/** Where `deno task nats` listens. */
export const DEFAULT_SERVER = "nats://127.0.0.1:4222";

/** What a server's address may be, in words. */
export const SERVERS_ARE =
  "nats://HOST:PORT or tls://HOST:PORT, without a password: that goes into " +
  "NATS_PASSWORD, NATS_TOKEN or NATS_CREDS, where no process list shows it";

/** What NATS_URL may be, in words. */
export const NATS_URL_IS =
  "nats://HOST:PORT or tls://HOST:PORT, with USER:PASSWORD@ before HOST if " +
  "the server asks for them; a % in them is written %25, / %2F, ? %3F, # %23 " +
  "and \\ %5C";

/** A server's address, taken apart. */
export interface ServerAddress {
  /** Without user and password, as a log may show it. */
  readonly place: string;
  /** Host and port, as the client wants them. */
  readonly host: string;
  readonly tls: boolean;
  readonly user?: string;
  readonly password?: string;
  /** A user without a password: `nats://TOKEN@HOST`. */
  readonly token?: string;
}

/**
 * Takes a server's address apart.
 *
 * @param text Such as `nats://127.0.0.1:4222`; the scheme and the port may be
 * left out.
 * @returns `undefined`: it is not one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { place, user, password } = parseServer("nats://me:secret@host")!;
 * assertEquals([place, user, password], ["nats://host:4222", "me", "secret"]);
 * ```
 */
export function parseServer(text: string): ServerAddress | undefined {
  const [, scheme = "nats", rest] =
    /^(?:(nats|tls):\/\/)?([^/?#\\\s]+)\/?$/.exec(text) ?? [];
  if (rest === undefined) return undefined;
  // The parser of http: knows hosts, ports, and passwords with %40 in them.
  const url = URL.parse(`http://${rest}`);
  if (!url || url.hostname === "") return undefined;
  const port = url.port || (/:80$/.test(rest) ? "80" : "4222");
  const host = `${url.hostname}:${port}`;
  const place = `${scheme}://${host}`;
  const [user, password] = [url.username, url.password].map(decoded);
  if (user === undefined || password === undefined) return undefined;
  const common = { place, host, tls: scheme === "tls" };
  if (user === "") return common;
  return password === ""
    ? { ...common, token: user }
    : { ...common, user, password };
}

/** @returns `undefined`: a % in it is not followed by two digits of a UTF-8 byte. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
