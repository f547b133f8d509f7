/**
 * A second user of the machine, who runs the project's scripts. Only the
 * superuser may start programs as another user.
 *
 * @module
 */
import { Running, type StartOptions, taskArguments } from "./scripts.ts";

/** The number of the user nobody, who owns nothing. */
export const NOBODY = 65534;

const AS_NOBODY = [
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  "--clear-groups",
];

/** Why there is no second user here; `undefined`: there is one. */
export function noSecondUser(): string | undefined {
  if (Deno.uid() !== 0) return "only the superuser may become another user";
  try {
    const { success, stderr } = new Deno.Command("setpriv", {
      args: [...AS_NOBODY, "true"],
    }).outputSync();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return error.message;
    throw error;
  }
}

/**
 * A folder with a copy of the project, of its packages and of Deno, which nobody
 * may execute and not read: its mode is 0711.
 */
export class SecondUser implements AsyncDisposable {
  /** The project's folder; it belongs to us. */
  readonly project: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.project = `${folder}/ipc-lab`;
  }

  static async make(): Promise<SecondUser> {
    const user = new SecondUser(await Deno.makeTempDir());
    const { npmCache } = JSON.parse(await output("deno", "info", "--json"));
    const script =
      'set -e; folder=$1; mkdir -p "$folder/cache" "$folder/ipc-lab";' +
      'cp -r "$2" "$folder/cache/npm"; cp "$3" "$folder/deno";' +
      'cp -r lib scripts deno.json deno.lock "$folder/ipc-lab";' +
      `chown -R ${NOBODY} "$folder/cache"; chmod -R go+rX "$folder";` +
      'chmod 711 "$folder/deno"';
    const args = ["-c", script, "sh", user.#folder, npmCache, Deno.execPath()];
    await output("sh", ...args);
    return user;
  }

  /** Gives the project to the second user. */
  async own(): Promise<void> {
    await output("chown", "-R", String(NOBODY), this.project);
  }

  /** Starts a task's script as the second user. */
  start(
    task: Parameters<typeof taskArguments>[0],
    flags: string[],
    options: StartOptions = {},
  ): Running {
    const deno = `${this.#folder}/deno`;
    const args = [...AS_NOBODY, deno, ...taskArguments(task), ...flags];
    return new Running("setpriv", args, {
      ...options,
      cwd: this.project,
      env: { DENO_DIR: `${this.#folder}/cache`, HOME: this.#folder },
    });
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function output(command: string, ...args: string[]): Promise<string> {
  const deno = command === "deno" ? Deno.execPath() : command;
  const { success, stdout, stderr } = await new Deno.Command(deno, { args })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
