export { createProgram, run } from './main.js';
export { BrokerProcess, type BrokerProcessOptions } from './platform/broker-process.js';
export { defaultDataFolder, openDataFolder } from './platform/data-folder.js';
export { type Platform, type PlatformOptions, startPlatform } from './platform/platform.js';
export { RegistryClient } from './registry-client.js';
