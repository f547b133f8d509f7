// README shows what the program says of itself. To renew it:
//   deno run --allow-read --allow-write tests/docs/readme_test.ts
import { assertEquals } from "@std/assert";
import { mechanismTable } from "../../lib/mechanism/table.ts";
import { help } from "../../lib/cli/help.ts";
import { LAB } from "../../lib/lab/flags.ts";

const README = new URL("../../README.md", import.meta.url);

/** README with the text behind each `<!-- mark -->` made anew. */
function renewed(readme: string): string {
  return readme.replace(
    /<!-- mechanisms -->\n[^]*?\n(?=`deno task mechanisms`)/,
    `<!-- mechanisms -->\n\n${mechanismTable()}\n`,
  ).replace(
    /<!-- help -->\n[^]*?\n(?=Each task)/,
    `<!-- help -->\n\n\`\`\`\n${help(LAB).trimEnd()}\n\`\`\`\n\n`,
  );
}

if (import.meta.main) {
  await Deno.writeTextFile(README, renewed(await Deno.readTextFile(README)));
} else {
  Deno.test("README shows the help and the mechanisms as they are", async () => {
    const readme = await Deno.readTextFile(README);
    assertEquals(readme, renewed(readme));
  });
}
