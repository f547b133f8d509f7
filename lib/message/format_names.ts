/**
 * The names that `--format` takes, without the code of the formats. So `--help`
 * need not load that code, which takes longer than all the rest of `--help`.
 *
 * @module
 */

/** The wire formats by name, and what lies on the wire. */
export const FORMAT_NAMES = {
  line: "the body and a newline",
  header:
    "Type, From, To, Seq, Priority, Checksum, Content-Length, an empty line, the body",
} as const;

/** A name that `--format` takes. */
export type FormatName = keyof typeof FORMAT_NAMES;
