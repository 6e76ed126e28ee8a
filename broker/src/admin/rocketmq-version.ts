/** `MQVersion` lists a snapshot and a release for each version from 3.0.1 on; 4.0.0 is number 213. */
const NUMBER_OF_4_0_0 = 213;
const PATTERN = /^(\d)\.(\d)\.(\d)(?!\d)/;

/** The version of RocketMQ whose answers the admin plane gives. */
export const ROCKETMQ_VERSION = '5.5.0';

/**
 * The number that RocketMQ's admin protocol uses for a version such as `5.1.4`; that of ROCKETMQ_VERSION for a text
 * that is none from 4.0.0 on, as Apache's proxy does for clients that tell no version it knows.
 */
export function rocketmqVersionNumber(version: string): number {
  const [, major, minor, patch] = PATTERN.exec(version) ?? [];
  const index = (Number(major) - 4) * 100 + Number(minor) * 10 + Number(patch);
  if (Number.isNaN(index) || index < 0) return rocketmqVersionNumber(ROCKETMQ_VERSION);
  return NUMBER_OF_4_0_0 + 2 * index;
}
