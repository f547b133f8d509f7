/**
 * Two hosts and a cable between them: two network namespaces and a pair of
 * virtual Ethernet devices, ip-netns(8), veth(4). Needs root.
 *
 * @module
 */
import { Running, type Task, taskArguments } from "../scripts.ts";

/** A host: a network namespace. */
class Host {
  constructor(readonly name: string, readonly address: string) {}

  /** A shell on this host. */
  get shell(): string[] {
    return ["ip", "netns", "exec", this.name, "sh"];
  }

  /** Starts a task's script on this host. */
  start(
    task: Task,
    flags: string[],
    env: Record<string, string>,
  ): Running {
    const script = [Deno.execPath(), ...taskArguments(task), ...flags];
    return new Running("ip", ["netns", "exec", this.name, ...script], { env });
  }
}

/** The hosts and their cable, which are removed when it is disposed. */
export class Network implements AsyncDisposable {
  readonly hosts: readonly [Host, Host];
  readonly #device: string;

  private constructor(id: string) {
    this.#device = `il${id}b`;
    this.hosts = [
      new Host(`ipc-lab-${id}a`, "10.77.0.1"),
      new Host(`ipc-lab-${id}b`, "10.77.0.2"),
    ];
  }

  /** Why there can be no such network here; `undefined`: there can. */
  static missing(): string | undefined {
    if (Deno.uid() !== 0) return "it needs root";
    // Leaves nothing behind, even if this process is killed: unshare(1).
    const args = ["-c", "unshare --net true && ip netns list"];
    const quiet = { stdout: "null", stderr: "null" } as const;
    const done =
      new Deno.Command("sh", { args, ...quiet }).outputSync().success;
    return done ? undefined : "it may make no network namespaces (ip netns)";
  }

  static async make(): Promise<Network> {
    const id = crypto.randomUUID().slice(0, 6);
    const network = new Network(id);
    const [a, b] = network.hosts;
    try {
      for (const { name } of network.hosts) await ip(`netns add ${name}`);
      await ip(
        `link add il${id}a netns ${a.name} type veth peer name il${id}b netns ${b.name}`,
      );
      for (const [host, end] of [[a, "a"], [b, "b"]] as const) {
        const device = `il${id}${end}`;
        await ip(
          `-n ${host.name} address add ${host.address}/24 dev ${device}`,
        );
        await ip(`-n ${host.name} link set ${device} up`);
        await ip(`-n ${host.name} link set lo up`);
      }
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Pulls the cable. */
  pull(): Promise<void> {
    return ip(`-n ${this.hosts[1].name} link set ${this.#device} down`);
  }

  /** Plugs it in again. */
  plug(): Promise<void> {
    return ip(`-n ${this.hosts[1].name} link set ${this.#device} up`);
  }

  async [Symbol.asyncDispose]() {
    for (const { name } of this.hosts) {
      // It is not there if make() has failed half way.
      await ip(`netns delete ${name}`).catch(() => {});
    }
  }
}

async function ip(line: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", {
    args: line.split(" "),
  }).output();
  if (success) return;
  throw new Error(`ip ${line}: ${new TextDecoder().decode(stderr)}`);
}
