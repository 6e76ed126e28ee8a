import type { ConnectedClient } from './admin-backend.js';
import { rocketmqVersionNumber } from './rocketmq-version.js';

/** RocketMQ's `LanguageCode` for a language of v2; what it does not list is `OTHER` to it. */
const languages: Readonly<Record<string, string>> = {
  ...{ JAVA: 'JAVA', CPP: 'CPP', DOT_NET: 'DOTNET', PYTHON: 'PYTHON', RUBY: 'RUBY' },
  ...{ GOLANG: 'GO', PHP: 'PHP', RUST: 'RUST', NODE_JS: 'NODE_JS' },
};

/** A client as RocketMQ's `Connection` tells it. */
export function connection({ clientId, address, language, version }: ConnectedClient) {
  return {
    ...{ clientId, clientAddr: address, language: languages[language] ?? 'OTHER' },
    version: rocketmqVersionNumber(version),
  };
}
