import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const scripts = fileURLToPath(new URL('../scripts/', import.meta.url));

test.each(['generate-protocol.mjs', 'generate-docs.mjs'])(
  'what %s generates is committed as it is',
  (script) => {
    const { status, stderr } = spawnSync(process.execPath, [scripts + script, '--check'], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  },
);
