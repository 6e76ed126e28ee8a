import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { planLines } from '../plan.js';
import { type ClientProgram, runClientProgram } from './client-program.js';

/** From `test/dist/conformance/client` to the sources, which the TypeScript compiler does not copy. */
const SOURCES = fileURLToPath(new URL('../../../conformance/java/', import.meta.url));
/** Inside `dist`, so that git does not see it and a clean build removes it. */
const BUILDS = fileURLToPath(new URL('../java/', import.meta.url));
const MAIN_CLASS = 'nomos.conformance.Main';
const JDK_MINIMUM = 17;
const BUILD_TIMEOUT_MS = 600_000;
/** Enough for some bodies of 4 MiB in flight; the JVM would otherwise take a quarter of the machine. */
const HEAP = '-Xmx512m';

const execute = promisify(execFile);

/** The official Java client, built if need be; undefined, and said loudly, where Maven or a JDK is missing. */
export async function findJavaClient(
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<ClientProgram | undefined> {
  const missing = await missingTool();
  if (missing !== undefined) {
    note(
      `!!! ${missing}: the official JAVA client is NOT judged. Install Maven and a JDK ${JDK_MINIMUM} or newer. !!!`,
    );
    return undefined;
  }
  const classPath = await build(note, signal);
  return {
    name: 'java',
    async run(plan, onRow, abort) {
      const folder = await mkdtemp(join(tmpdir(), 'nomos-conformance-java-'));
      try {
        // The client logs into the home folder unless told otherwise.
        const parameters = [HEAP, `-Duser.home=${folder}`, `-Drocketmq.log.root=${folder}`, '-cp', classPath];
        const command = {
          file: java(),
          parameters: [...parameters, MAIN_CLASS, 'rows'],
          input: planLines(plan),
        };
        return await runClientProgram(command, plan, onRow, abort);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function missingTool(): Promise<string | undefined> {
  try {
    await execute('mvn', ['-v']);
  } catch {
    return 'there is no Maven (mvn)';
  }
  try {
    const { stdout, stderr } = await execute(java(), ['-version']);
    const [, version] = /version "(\d+)/.exec(stdout + stderr) ?? [];
    if (Number(version) < JDK_MINIMUM) return `the JDK is version ${version}`;
  } catch {
    return 'there is no JDK (java)';
  }
  return undefined;
}

function java(): string {
  const home = process.env.JAVA_HOME;
  return home === undefined || home === '' ? 'java' : join(home, 'bin', 'java');
}

/** The class path of the program built from the present sources; a folder per state of them, made once. */
async function build(note: (line: string) => void, signal: AbortSignal): Promise<string> {
  const done = join(BUILDS, await stampOf(SOURCES));
  const classPath = [join(done, 'target', 'classes'), join(done, 'target', 'lib', '*')].join(delimiter);
  try {
    await readFile(join(done, 'built'));
    return classPath;
  } catch {
    note('building the Java program (once; Maven may have to fetch the client)');
  }
  await rm(BUILDS, { recursive: true, force: true });
  await mkdir(BUILDS, { recursive: true });
  const folder = await mkdtemp(join(BUILDS, 'building-'));
  await cp(join(SOURCES, 'pom.xml'), join(folder, 'pom.xml'));
  await cp(join(SOURCES, 'src'), join(folder, 'src'), { recursive: true });
  await packageIn(folder, signal);
  await writeFile(join(folder, 'built'), '');
  await rename(folder, done);
  return classPath;
}

/** Without a network first: what Maven has fetched once is enough. */
async function packageIn(folder: string, signal: AbortSignal): Promise<void> {
  const options = { cwd: folder, timeout: BUILD_TIMEOUT_MS, signal, maxBuffer: 16 * 1024 * 1024 };
  try {
    await execute('mvn', ['-q', '-B', '-o', 'package'], options);
  } catch {
    signal.throwIfAborted();
    try {
      await execute('mvn', ['-q', '-B', 'package'], options);
    } catch (cause) {
      const output = cause instanceof Error && 'stdout' in cause ? String(cause.stdout).slice(-4_000) : '';
      throw new Error(`Maven could not build the Java program in ${SOURCES}: ${String(cause)}\n${output}`, {
        cause,
      });
    }
  }
}

async function stampOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.(java|xml)$/.test(entry.name));
  for (const file of files.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
    hash.update(file.slice(folder.length)).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}
