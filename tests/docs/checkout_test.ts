// A checkout on Windows, where Git may be told to write CRLF: bash could not run
// .ci/run, and no golden file would agree.
import { assertEquals } from "@std/assert";

async function git(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["-c", "safe.directory=*", ...args],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const isCheckout = await Deno.stat(".git").then(() => true, () => false);

Deno.test({
  name: isCheckout
    ? "a clone with core.autocrlf=true has LF in every text file"
    : "a clone with core.autocrlf=true (skipped: no git checkout)",
  ignore: !isCheckout,
  async fn() {
    const clone = await Deno.makeTempDir();
    try {
      await git("clone", "-q", "-c", "core.autocrlf=true", ".", clone);
      // "i/lf w/crlf attr/text=auto PATH": in the index, in the working tree.
      const files = (await git("-C", clone, "ls-files", "--eol"))
        .trimEnd().split("\n");
      assertEquals(files.filter((line) => /w\/(crlf|mixed)/.test(line)), []);
      for (const path of [".ci/run", "fixtures/", "README.md"]) {
        const found = files.filter((line) =>
          line.includes(`\t${path}`) && line.includes("w/lf")
        );
        assertEquals(found.length > 0, true, path);
      }
    } finally {
      await Deno.remove(clone, { recursive: true });
    }
  },
});
