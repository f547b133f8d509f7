/**
 * Looks at running processes, and at the channels between them, from outside:
 * no end of a channel is opened, no process is stopped.
 *
 * @module
 */
export type {
  Fill,
  ObjectKind,
  ObjectSeen,
  ProcessSeen,
  ThreadSeen,
} from "./seen.ts";
export { fillOf, objectsOf } from "./objects.ts";
export { childrenOf, descendantsOf, processSeen } from "./processes.ts";
