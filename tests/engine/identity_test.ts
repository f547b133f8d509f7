// Who we are on a server: TLS, a certificate of one's own, a credentials file.
import { assertEquals, assertMatch } from "@std/assert";
import { createAccount, createOperator, createUser } from "@nats-io/nkeys";
import { natsCommand, NatsServer } from "../nats_server.ts";
import { freshName, run } from "../scripts.ts";

const ignore = natsCommand === undefined;
const QUICK = ["--pause=100ms", "--retry=20ms"];
/** How long (ms) openssl may take. */
const OPENSSL_MS = 20_000;

const hasOpenssl = new Deno.Command("sh", {
  args: ["-c", "command -v openssl"],
  stdout: "null",
}).outputSync().success;

function skipped(name: string): void {
  const line = `skipped: ${name}, as openssl is not installed\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
}

/** A folder in run/: the tasks read no other. */
class Folder implements AsyncDisposable {
  readonly path = `run/${freshName()}`;

  constructor() {
    Deno.mkdirSync(this.path, { recursive: true });
  }

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.path, { recursive: true });
  }

  async openssl(...args: string[]): Promise<void> {
    const { success, stderr } = await new Deno.Command("openssl", {
      args,
      signal: AbortSignal.timeout(OPENSSL_MS),
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }

  /** Makes NAME.pem and NAME.key, signed by `ca`, or by themselves. */
  async certificate(name: string, ca?: string): Promise<void> {
    await this.openssl(
      ...["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"],
      ...["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", `/CN=${name}`],
      ...["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
      ...["-keyout", this.file(`${name}.key`)],
      ...["-out", this.file(`${name}.pem`)],
      ...ca === undefined ? [] : [
        ...["-CA", this.file(`${ca}.pem`), "-CAkey", this.file(`${ca}.key`)],
        ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ],
    );
  }
}

/** Runs the lab. @returns Its exit code, and its log. */
function lab(env: Record<string, string>) {
  const flags = ["--via=nats", `--name=${freshName()}`, ...QUICK];
  return run("lab", flags, { env });
}

Deno.test({
  name: "nats: TLS with a certificate authority of one's own",
  ignore,
  async fn(test) {
    if (!hasOpenssl) return skipped(test.name);
    await using folder = new Folder();
    await folder.certificate("localhost");
    const args = ["--tls", "--tlscert", folder.file("localhost.pem")];
    await using server = await NatsServer.start({
      args: [...args, "--tlskey", folder.file("localhost.key")],
    });
    const NATS_URL = `tls://127.0.0.1:${server.port}`;
    const NATS_CA = folder.file("localhost.pem");
    const { code, log } = await lab({ NATS_URL, NATS_CA });
    assertEquals(code, 0, log);
    const unknown = await lab({ NATS_URL });
    assertEquals(unknown.code, 1);
    assertMatch(unknown.log, /ERROR:parent:Cannot reach a NATS server at tls:/);
  },
});

Deno.test({
  name: "nats: a server that asks for a client's certificate",
  ignore,
  async fn(test) {
    if (!hasOpenssl) return skipped(test.name);
    await using folder = new Folder();
    await folder.certificate("authority");
    await folder.certificate("server", "authority");
    await folder.certificate("client", "authority");
    await folder.certificate("stranger");
    const NATS_CA = folder.file("authority.pem");
    await using server = await NatsServer.start({
      args: [
        ...["--tlsverify", "--tlscacert", NATS_CA],
        ...["--tlscert", folder.file("server.pem")],
        ...["--tlskey", folder.file("server.key")],
      ],
    });
    const identity = (name: string) => ({
      ...{ NATS_URL: `tls://127.0.0.1:${server.port}`, NATS_CA },
      NATS_CERT: folder.file(`${name}.pem`),
      NATS_KEY: folder.file(`${name}.key`),
    });
    const { code, log } = await lab(identity("client"));
    assertEquals(code, 0, log);
    const { NATS_CERT: _, NATS_KEY: __, ...nobody } = identity("client");
    for (
      const [env, why] of [
        [nobody, /^ERROR:parent:Cannot enter tls:.* NATS_CERT and NATS_KEY$/m],
        [identity("stranger"), /^ERROR:parent:Cannot enter tls:/m],
        [identity("missing"), /^ERROR:parent:Cannot read NATS_CERT=\S+: /m],
      ] as const
    ) {
      const refused = await lab(env);
      assertEquals(refused.code, 1, refused.log);
      assertMatch(refused.log, why);
    }
  },
});

type Key = ReturnType<typeof createUser>;

/** A JSON Web Token that `issuer` signs, as `nsc` makes it. */
function token(
  issuer: Key,
  subject: Key,
  type: string,
  more: Record<string, unknown> = {},
): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { jti: crypto.randomUUID(), iat, name: type };
  const text = [
    { typ: "JWT", alg: "ed25519-nkey" },
    {
      ...claims,
      iss: issuer.getPublicKey(),
      sub: subject.getPublicKey(),
      nats: { ...more, type, version: 2 },
    },
  ].map((part) => base64(new TextEncoder().encode(JSON.stringify(part))))
    .join(".");
  return `${text}.${base64(issuer.sign(new TextEncoder().encode(text)))}`;
}

function base64(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** A credentials file, as `nsc` writes it. */
function credentials(jwt: string, user: Key): string {
  const seed = new TextDecoder().decode(user.getSeed());
  return `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`;
}

const NO_LIMITS = {
  ...{ subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1 },
  ...{ leaf: -1, wildcards: true },
};
/** The system account must not have it. */
const JETSTREAM = { disk_storage: -1, mem_storage: -1, streams: -1 };

Deno.test({
  name: "nats: a credentials file, and one of another account's user",
  ignore,
  async fn() {
    await using folder = new Folder();
    const [operator, account, system, user, stranger] = [
      ...[createOperator(), createAccount(), createAccount()],
      ...[createUser(), createUser()],
    ];
    const accounts = [
      [account, { ...NO_LIMITS, ...JETSTREAM, consumer: -1 }],
      [system, NO_LIMITS],
    ] as const;
    const preload = accounts.map(([key, limits]) =>
      `${key.getPublicKey()}: ${token(operator, key, "account", { limits })}`
    );
    const config = folder.file("server.conf");
    await Deno.writeTextFile(
      config,
      `operator: ${token(operator, operator, "operator")}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: {
${preload.join("\n")}
}
`,
    );
    const all = { subs: -1, data: -1, payload: -1 };
    const creds = folder.file("user.creds");
    const ours = token(account, user, "user", all);
    await Deno.writeTextFile(creds, credentials(ours, user));
    const wrong = folder.file("wrong.creds");
    const theirs = token(createAccount(), stranger, "user", all);
    await Deno.writeTextFile(wrong, credentials(theirs, stranger));
    await using server = await NatsServer.start({ args: ["-c", config] });
    const NATS_URL = server.url;
    const { code, log } = await lab({ NATS_URL, NATS_CREDS: creds });
    assertEquals(code, 0, log);
    for (
      const [NATS_CREDS, why] of [
        ["", /^ERROR:parent:Cannot enter nats:.* NATS_CREDS/m],
        [wrong, /^ERROR:parent:Cannot enter nats:.* NATS_CREDS/m],
        [
          folder.file("no.creds"),
          /^ERROR:parent:Cannot read NATS_CREDS=\S+: /m,
        ],
        [config, /^ERROR:parent:Cannot use NATS_CREDS=\S+: /m],
      ] as const
    ) {
      const refused = await lab({ NATS_URL, NATS_CREDS });
      assertEquals(refused.code, 1, refused.log);
      assertMatch(refused.log, why);
    }
  },
});
