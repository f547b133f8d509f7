/**
 * The wire formats, as `--format` names them.
 *
 * @module
 */
import type { Format } from "./message.ts";
import { header } from "./header.ts";
import { line } from "./line.ts";
import type { FormatName } from "./format_names.ts";

/** Every format, by name. */
export const FORMATS: Record<FormatName, Format> = { line, header };
