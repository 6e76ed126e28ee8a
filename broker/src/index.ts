export type { Logger } from '@nomos/schemas';
export type { Clock } from './core/clock.js';
export { type BundleSource, type FixedBundleSource, fixedBundleSource } from './edge/bundle-source.js';
export { type Broker, type BrokerOptions, type EdgeOptions, startBroker } from './start-broker.js';
