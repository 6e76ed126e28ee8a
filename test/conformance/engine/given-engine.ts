import type { Access } from '../plan.js';
import type { Engine } from './engine.js';

/** An engine that runs already, with every topic and group that `--plan` lists, the topics empty; it is not set up. */
export function givenEngine(access: Access): Engine {
  return {
    capabilities: new Set(),
    // What RocketMQ 5.5.0 was seen to need on two cores.
    tolerance: { delayLateMs: 1_500, redeliveryLateMs: 6_000 },
    provide: async () => {},
    open: async () => access,
    close: async () => {},
  };
}
