// Makes a checkout ready to run: installs, generates and builds, each only when something changed.
// It uses nothing but Node, since it is what runs before anything is installed. All output goes to
// standard error, so that a command's own `--json` line stays the last line of standard output.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stampFolder = join(root, 'node_modules', '.nomos-setup');

/** The oldest Node that the dependencies support; the same as `engines` in package.json. */
const NODE_MINIMUM = [20, 19];

checkNodeVersion();
step('install', ['package-lock.json'], installDependencies);
step('generate', ['package-lock.json', 'registry/prisma/schema.prisma'], generatePrismaClient);
build();

function checkNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor >= NODE_MINIMUM[1])) return;
  fail(`Nomos needs Node ${NODE_MINIMUM.join('.')} or newer; this is ${process.versions.node}.`);
}

/** Runs `action` unless it has already run for the present content of `inputs`. */
function step(name, inputs, action) {
  const stampFile = join(stampFolder, name);
  const hash = createHash('sha256').update(process.version.split('.')[0]);
  for (const input of inputs) hash.update(readFileSync(join(root, input)));
  const stamp = hash.digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  action();
  mkdirSync(stampFolder, { recursive: true });
  writeFileSync(stampFile, stamp);
}

function installDependencies() {
  note('installing dependencies (once; about a minute)');
  // Install scripts stay off: every native part comes as a prebuilt package, and nothing that is
  // downloaded should run code before it is needed.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}

function generatePrismaClient() {
  note('generating the database client');
  rmSync(join(root, 'registry/src/store/generated'), { recursive: true, force: true });
  run(process.execPath, [join(root, 'node_modules/prisma/build/index.js'), 'generate'], {
    cwd: join(root, 'registry'),
    // `prisma generate` needs no engine, yet tries to download one unless it is given a file.
    env: {
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  });
}

function build() {
  const firstBuild = !readdirSync(join(root, 'cli')).includes('dist');
  if (firstBuild) note('building');
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b']);
}

function run(command, parameters, { cwd = root, env = {} } = {}) {
  const result = spawnSync(command, parameters, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  fail(`set-up failed: ${command} ${parameters.join(' ')}${result.error ? `: ${result.error.message}` : ''}`);
}

function note(text) {
  process.stderr.write(`nomos: ${text}\n`);
}

function fail(text) {
  process.stderr.write(`nomos: ${text}\n`);
  process.exit(1);
}
