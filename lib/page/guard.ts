/**
 * Who may use the page: a browser on this machine that was opened at the
 * printed address. Other users of the machine reach 127.0.0.1, too, and so does
 * every page that the browser shows.
 *
 * @module
 */

/** What the guard knows. */
export interface Guard {
  /** The port that the page is served on. */
  port: number;
  /** The secret in the printed address. */
  token: string;
  /** The hash of the page's one inline script, its import map. */
  scriptHash: string;
}

/** The most bytes that a request may send. */
const MOST_BYTES = 2000;

/** A token that nobody can guess: 128 bits. */
export function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}

/** The headers of each answer: nothing else may be loaded, sent or framed. */
export function headersOf({ scriptHash }: Guard): Record<string, string> {
  return {
    "content-security-policy": "default-src 'none'; " +
      `script-src 'self' '${scriptHash}'; style-src 'self'; ` +
      "connect-src 'self'; img-src data:; base-uri 'none'; " +
      "form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  };
}

/** Why a request is refused, and the status to refuse it with. */
export interface Refused {
  status: number;
  why: string;
}

/** The name of the cookie: two pages on one machine differ by their ports. */
export function cookieName({ port }: Guard): string {
  return `ipc-lab-${port}`;
}

/** The cookie that the printed address is exchanged for. */
export function cookieFor(guard: Guard): string {
  const value = `${cookieName(guard)}=${guard.token}`;
  return `${value}; HttpOnly; SameSite=Strict; Path=/`;
}

/** Is it the printed address, which gives the cookie? */
export function isPrintedAddress(request: Request, guard: Guard): boolean {
  const { pathname, searchParams } = new URL(request.url);
  return request.method === "GET" && pathname === "/" &&
    isSame(searchParams.get("token") ?? "", guard.token);
}

/** Compares without telling by its time how much was right. */
function isSame(given: string, token: string): boolean {
  let differs = given.length ^ token.length;
  for (let i = 0; i < token.length; i++) {
    differs |= given.charCodeAt(i) ^ token.charCodeAt(i);
  }
  return differs === 0;
}

/** Does the request come from this machine's page? */
export function refuseStranger(
  { headers }: Request,
  { port }: Guard,
): Refused | undefined {
  // A browser leaves the usual port out.
  const hosts = ["127.0.0.1", "localhost"].map((host) =>
    new URL(`http://${host}:${port}`).host
  );
  // A name that an attacker's DNS leads to 127.0.0.1 is another Host.
  if (!hosts.includes(headers.get("host") ?? "")) {
    return { status: 403, why: "unknown Host" };
  }
  const origin = headers.get("origin");
  if (origin !== null && !hosts.some((host) => origin === `http://${host}`)) {
    return { status: 403, why: "unknown Origin" };
  }
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") {
    return { status: 403, why: "the request comes from another site" };
  }
}

/** Does the request have the cookie? */
export function refuseWithoutCookie(
  { headers }: Request,
  guard: Guard,
): Refused | undefined {
  const cookies = (headers.get("cookie") ?? "").split(/; */);
  const prefix = `${cookieName(guard)}=`;
  const ours = cookies.find((cookie) => cookie.startsWith(prefix));
  if (ours && isSame(ours.slice(prefix.length), guard.token)) return;
  const why = "open the address that the terminal shows: it has the token";
  return { status: 401, why };
}

/**
 * Reads what a POST sends. A form of another site cannot send JSON.
 *
 * @returns The object, or why it is refused.
 */
export async function readPost(
  request: Request,
): Promise<Record<string, unknown> | Refused> {
  const { headers } = request;
  if (headers.get("origin") === null) {
    return { status: 403, why: "a POST needs its Origin" };
  }
  if (headers.get("content-type") !== "application/json") {
    return { status: 415, why: "a POST must be application/json" };
  }
  const text = await textOf(request);
  if (text === undefined) return { status: 413, why: "too long" };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) {
      return value as Record<string, unknown>;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { status: 400, why: "a POST must be a JSON object" };
}

/** Reads no more than is allowed, whatever Content-Length says. */
async function textOf(request: Request): Promise<string | undefined> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of request.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > MOST_BYTES) return undefined;
  }
  return text;
}

/** Is it a refusal? */
export function isRefused(value: object): value is Refused {
  return "status" in value && "why" in value;
}
