/**
 * A connection to a NATS server with JetStream: where it is, who we are there,
 * and which of its errors pass by themselves.
 *
 * @module
 */
import {
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
import { DEFAULT_SERVER, parseServer, type ServerAddress } from "./nats_url.ts";

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
  throw new LabError(
    "Cannot use NATS_URL: it must be nats://HOST:PORT or tls://HOST:PORT",
  );
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
    nc = await connect(options);
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
  const creds = env("NATS_CREDS");
  const [caFile, certFile, keyFile] = ["NATS_CA", "NATS_CERT", "NATS_KEY"]
    .map(env);
  const tls = wanted || caFile || certFile
    ? { tls: { caFile, certFile, keyFile } }
    : {};
  return {
    user: env("NATS_USER") ?? given.user,
    pass: env("NATS_PASSWORD") ?? given.password,
    token: env("NATS_TOKEN") ?? given.token,
    ...creds && { authenticator: credsAuthenticator(await contentOf(creds)) },
    ...tls,
  };
}

async function contentOf(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw new LabError(`Cannot read NATS_CREDS=${path}: ${reason(error)}`);
  }
}

function unreachable(place: string, error: unknown): LabError {
  if (error instanceof AuthorizationError) {
    return new LabError(
      `Cannot enter ${place} as it refuses us: set NATS_USER and NATS_PASSWORD, NATS_TOKEN, or NATS_CREDS`,
    );
  }
  const why = error instanceof Error ? error.message : `${error}`;
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
