/** The version of this package; a spec compares it with package.json. */
export const sdkVersion = '0.1.0';

/** How the SDK names itself to the registry, and in the metadata of each message. */
export const sdkName = `@nomos/sdk ${sdkVersion}`;
