/**
 * A connection to a NATS server with JetStream: where it is, who we are there,
 * and which of its errors pass by themselves.
 *
 * @module
 */
import {
  type Authenticator,
  AuthorizationError,
  ClosedConnectionError,
  connect,
  type ConnectionOptions,
  credsAuthenticator,
  type NatsConnection,
  PermissionViolationError,
} from "@nats-io/transport-node";
import {
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
} from "@nats-io/jetstream";
import { LabError, reason } from "../error.ts";
import {
  DEFAULT_SERVER,
  NATS_URL_IS,
  parseServer,
  type ServerAddress,
} from "./nats_url.ts";

/** How long (ms) the server may take to answer. */
export const ANSWER_MS = 2000;
/** How long (ms) we wait before we try again what has failed. */
export const AGAIN_MS = 50;

/** An open connection, and the two clients that work over it. */
export interface Link {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** The server's address, as a log may show it. */
  readonly place: string;
}

/** The server that NATS_URL, or the caller, names. @throws {LabError} If bad. */
export function serverAt(server?: string): ServerAddress {
  const text = server ?? (Deno.env.get("NATS_URL") || DEFAULT_SERVER);
  const address = parseServer(text);
  if (address) return address;
  // What was written may have a password in it, so it is not shown.
  throw new LabError(`Cannot use NATS_URL: it must be ${NATS_URL_IS}`);
}

/**
 * Connects to the server.
 *
 * @throws {LabError} In one line: what is wrong, and what helps.
 */
export async function dial(server?: string): Promise<Link> {
  const address = serverAt(server);
  const { host, place } = address;
  const { state } = Deno.permissions.querySync({ name: "net", host });
  if (state !== "granted") {
    throw new LabError(
      `Cannot reach ${place}: this task may not connect to ${host} (--allow-net)`,
    );
  }
  const options = { ...await identity(address), ...CONNECTION, servers: host };
  let nc: NatsConnection;
  try {
    nc = await connectOrAlert(options);
  } catch (error) {
    throw unreachable(place, error);
  }
  if (!nc.info?.jetstream) {
    await nc.close();
    throw new LabError(
      `Cannot use ${place} as it has no JetStream: start it with -js, or deno task nats`,
    );
  }
  const timeout = ANSWER_MS;
  const js = jetstream(nc, { timeout });
  const jsm = await jetstreamManager(nc, { timeout, checkAPI: false });
  return { nc, js, jsm, place };
}

/**
 * Connects, and hears refusals: for a moment after the (TLS) handshake the client
 * does not listen to its socket (node_transport.js, startTLS), and a server
 * that refuses our certificate may say so just then.
 */
async function connectOrAlert(
  options: ConnectionOptions,
): Promise<NatsConnection> {
  const alert = Promise.withResolvers<never>();
  const hear = (event: ErrorEvent) => {
    if (!ALERT.test(event.message)) return;
    event.preventDefault(); // it would end the process
    alert.reject(event.error);
  };
  addEventListener("error", hear);
  // Refused, we listen on: the server hangs up after its answer.
  const connection = await Promise.race([connect(options), alert.promise]);
  removeEventListener("error", hear);
  return connection;
}

/** What is said when the server refuses our certificate, or hangs up on us. */
const ALERT = /fatal alert|ECONNRESET/;

/** A connection that is lost comes back as soon as its server does. */
const CONNECTION: ConnectionOptions = {
  name: "ipc-lab",
  timeout: ANSWER_MS,
  maxReconnectAttempts: -1, // without end: --timeout gives up
  reconnectTimeWait: 100, // ms
  reconnectJitter: 0,
  reconnectJitterTLS: 0,
  pingInterval: 5000, // ms: a pulled cable is noticed after two of them
  maxPingOut: 2,
  noEcho: true, // asked "is anybody there?", we do not answer ourselves
  ignoreClusterUpdates: true,
  noAsyncTraces: true,
};

/** Who we are, in the variables that the nats command reads, too. */
async function identity(
  { tls: wanted, ...given }: ServerAddress,
): Promise<ConnectionOptions> {
  const env = (name: string) => Deno.env.get(name) || undefined;
  // One after the other: of several that cannot be read, it is always the first.
  const ca = await fileOf("NATS_CA");
  const cert = await fileOf("NATS_CERT");
  const key = await fileOf("NATS_KEY");
  const creds = await fileOf("NATS_CREDS");
  return {
    user: env("NATS_USER") ?? given.user,
    pass: env("NATS_PASSWORD") ?? given.password,
    token: env("NATS_TOKEN") ?? given.token,
    ...creds !== undefined && { authenticator: authenticatorOf(creds) },
    ...(wanted || ca || cert) && { tls: { ca, cert, key } },
  };
}

/** The text of the file that a variable names. */
async function fileOf(variable: string): Promise<string | undefined> {
  const path = Deno.env.get(variable);
  if (!path) return undefined;
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new LabError(`Cannot read ${variable}=${path}: ${reason(error)}`);
  }
}

function authenticatorOf(creds: string): Authenticator {
  const authenticator = credsAuthenticator(new TextEncoder().encode(creds));
  try {
    authenticator(); // it reads them when they are used
  } catch {
    throw new LabError(
      `Cannot use NATS_CREDS=${Deno.env.get("NATS_CREDS")}: ` +
        "it must be a credentials file, with a user's JWT and seed",
    );
  }
  return authenticator;
}

function unreachable(place: string, error: unknown): LabError {
  const why = error instanceof Error ? error.message : `${error}`;
  if (error instanceof AuthorizationError || ALERT.test(why)) {
    return new LabError(
      `Cannot enter ${place} as it refuses us: set NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_CREDS, or NATS_CERT and NATS_KEY`,
    );
  }
  // The alert of a refused certificate can get lost, see connectOrAlert().
  if (place.startsWith("tls:") && why === "timeout") {
    return new LabError(
      `Cannot enter ${place} as it does not answer: where it asks for a certificate, set NATS_CERT and NATS_KEY`,
    );
  }
  return new LabError(
    `Cannot reach a NATS server at ${place} (${why}): deno task nats starts one`,
  );
}

/** Errors of the JetStream API: the numbers are the server's errors.json. */
export const CODES = {
  streamNotFound: 10059,
  consumerNotFound: 10014,
  /** It could not store; "maximum messages exceeded" is one reason. */
  storeFailed: 10077,
  wrongLastMessage: 10070,
};

/** What passes by itself: a server that starts, or a stream made again. */
const PASSING = new Set([
  CODES.streamNotFound,
  CODES.consumerNotFound,
  10008, // JetStream system temporarily unavailable
  10039, // JetStream not enabled for account: it starts, or its disk is full
  10076, // JetStream not enabled
  10023, // insufficient resources
  10058, // stream name already in use: two have made it at once
  10148, // consumer already exists: the same
  10013, // consumer name already in use
  10012, // consumer create failed: another end makes it at this moment
  10099, // multiple consumers on a work queue: the same
  10100, // consumer not unique on a work queue: the same
]);

/** The code of an error of the JetStream API. */
export function apiCode(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}

/**
 * An error that waiting does not mend, in one line.
 *
 * @returns `undefined`: it may pass, so try again.
 */
export function lastingFailure(
  { nc, place }: Link,
  error: unknown,
): LabError | undefined {
  if (error instanceof LabError) return error;
  const code = apiCode(error);
  const lasting = nc.isClosed() || error instanceof ClosedConnectionError ||
    error instanceof PermissionViolationError ||
    code !== undefined && !PASSING.has(code);
  if (!lasting) return undefined;
  const why = error instanceof Error ? error.message : `${error}`;
  return new LabError(`Cannot go on at ${place}: ${why}`);
}
