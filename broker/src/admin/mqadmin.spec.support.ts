import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AdminCredentials } from './signature.js';

/** The version of RocketMQ's tools, from Maven Central. */
const VERSION = '5.5.0';
const FETCH_MS = 120_000;
const RUN_MS = 110_000;
const run = promisify(execFile);

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>nomos</groupId><artifactId>mqadmin</artifactId><version>1</version>
<dependencies><dependency>
<groupId>org.apache.rocketmq</groupId><artifactId>rocketmq-tools</artifactId><version>${VERSION}</version>
</dependency></dependencies>
</project>
`;

/** Runs many commands in one JVM: starting one takes longer than a command. */
const RUNNER = `import java.io.BufferedReader;
import java.io.InputStreamReader;
import org.apache.rocketmq.tools.command.MQAdminStartup;

public class MqadminRunner {
  public static void main(String[] arguments) throws Exception {
    System.setErr(System.out);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      MQAdminStartup.main0(line.split("\\t"), null);
      System.out.println("\\u0000");
      System.out.flush();
    }
    System.exit(0);
  }
}
`;

/**
 * The folder with the tools' jars, fetched by Maven at the first use and kept in the user's cache: 90 MB, hence only
 * where they are asked for. A text that says why not, also where there is no JDK, no Maven or no way to Maven Central.
 */
export async function fetchMqadmin(): Promise<{ readonly jars: string } | { readonly missing: string }> {
  if (process.env.NOMOS_JAVA_TESTS !== '1')
    return { missing: "RocketMQ's own mqadmin is tried with NOMOS_JAVA_TESTS=1 only" };
  const folder = join(homedir(), '.cache', 'nomos', `rocketmq-tools-${VERSION}`);
  try {
    await run('java', ['-version']);
    await run('javac', ['-version']);
    if (existsSync(folder)) return { jars: folder };
    const work = await mkdtemp(join(tmpdir(), 'nomos-mqadmin-'));
    try {
      await writeFile(join(work, 'pom.xml'), POM);
      const goal = ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=jars'];
      await run('mvn', goal, { cwd: work, timeout: FETCH_MS });
      await mkdir(join(folder, '..'), { recursive: true });
      // Moved in one step, so that a run that is broken off leaves no half of it. Another run may have been first.
      await rename(join(work, 'jars'), folder).catch((error: unknown) => {
        if (!existsSync(folder)) throw error;
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return { jars: folder };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { missing: `mqadmin ${VERSION} needs a JDK, Maven and Maven Central: ${reason}` };
  }
}

/** Runs commands of mqadmin, signed if there are credentials; the answer is what each printed. */
export async function mqadmin(
  jars: string,
  nameServer: string,
  credentials: AdminCredentials | undefined,
  commands: readonly (readonly string[])[],
): Promise<string[]> {
  const home = await mkdtemp(join(tmpdir(), 'nomos-mqadmin-'));
  try {
    await mkdir(join(home, 'conf'));
    if (credentials !== undefined) {
      const { accessKey, secretKey } = credentials;
      await writeFile(join(home, 'conf', 'tools.yml'), `accessKey: ${accessKey}\nsecretKey: ${secretKey}\n`);
    }
    const source = join(home, 'MqadminRunner.java');
    await writeFile(source, RUNNER);
    const lines = commands.map((command) => [...command, '-n', nameServer].join('\t'));
    const printed = await runJava(jars, home, source, `${lines.join('\n')}\n`);
    const outputs = printed.split('\0\n');
    if (outputs.length === commands.length + 1) return outputs.slice(0, -1);
    throw new Error(`mqadmin ended after ${outputs.length - 1} of ${commands.length} commands:\n${printed}`);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function runJava(jars: string, home: string, source: string, input: string): Promise<string> {
  const properties = [`-Drocketmq.home.dir=${home}`, `-Duser.home=${home}`, '-Xmx256m'];
  const java = spawn('java', [...properties, '-cp', join(jars, '*'), source], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: RUN_MS,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve, reject) => {
    let printed = '';
    java.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    java.once('error', reject);
    java.once('close', () => resolve(printed));
    java.stdin.end(input);
  });
}
