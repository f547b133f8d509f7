/**
 * The wire formats, as `--format` names them.
 *
 * @module
 */
import type { Format } from "../message.ts";
import { header } from "./header.ts";
import { line } from "./line.ts";

/** Every format, by name. */
export const FORMATS = { line, header } as const satisfies Record<
  string,
  Format
>;

/** A name that `--format` takes. */
export type FormatName = keyof typeof FORMATS;
