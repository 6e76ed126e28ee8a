import { open, rename, rm } from 'node:fs/promises';
import type { Anchor } from '@nomos/registry/audit';
import { type AuditVerdict, auditAnchorSchema, NomosError } from '@nomos/schemas';
import { type Command, InvalidArgumentError } from 'commander';
import type { AuditSource } from '../audit/audit-source.js';
import { printError } from '../output.js';

interface VerifyOptions {
  file?: string;
  registry?: string;
  anchor: string[];
  json: boolean;
}

interface ExportOptions {
  file: string;
  registry?: string;
}

/** `nomos audit`: exports the audit log, and proves that it was not changed. */
export function addAuditCommand(program: Command): void {
  const audit = program
    .command('audit')
    .description('export the audit log, and verify that nothing in it was changed');
  audit
    .command('verify')
    .description(
      'recompute the chain of hashes here, without trusting the server; exit code 0 ok, 1 broken, 2 could not run',
    )
    .option('--file <file>', 'an export, instead of asking a registry')
    .option('--registry <url>', 'the registry; NOMOS_REGISTRY otherwise. Its token comes in NOMOS_TOKEN')
    .option(
      '--anchor <sequence:hash>',
      'a hash that was kept elsewhere, may be repeated; shows also a chain that was written anew',
      addAnchor,
      [],
    )
    .option('--json', 'print the verdict as JSON', false)
    .action((options: VerifyOptions) => orCouldNotRun(() => runVerify(options)));
  audit
    .command('export')
    .description('write the whole audit log into a file, one JSON object a line, and verify it on the way')
    .requiredOption('--file <file>', 'the file to write')
    .option('--registry <url>', 'the registry; NOMOS_REGISTRY otherwise. Its token comes in NOMOS_TOKEN')
    .action((options: ExportOptions) => orCouldNotRun(() => runExport(options)));
}

function addAnchor(text: string, before: string[]): string[] {
  if (auditAnchorSchema.safeParse(text).success) return [...before, text];
  throw new InvalidArgumentError('an anchor is a sequence number, a colon and 64 hexadecimal digits');
}

async function runVerify({ file, registry, anchor, json }: VerifyOptions): Promise<void> {
  const { parseAnchor, verifyChain } = await import('@nomos/registry/audit');
  const { openFile, readEvents } = await import('../audit/audit-source.js');
  const source = file === undefined ? await openNamedRegistry(registry) : openFile(file);
  const anchors = [...anchor.map(parseAnchor), ...announcedBy(source)];
  const verdict = await verifyChain(readEvents(source.lines), anchors);
  report(verdict, json);
}

async function runExport({ file, registry }: ExportOptions): Promise<void> {
  const { verifyChain } = await import('@nomos/registry/audit');
  const { readEvents } = await import('../audit/audit-source.js');
  const source = await openNamedRegistry(registry);
  const partial = `${file}.partial`;
  const target = await openForWriting(partial);
  try {
    const copy = async function* (): AsyncGenerator<string> {
      for await (const line of source.lines) {
        await target.write(`${line}\n`);
        yield line;
      }
    };
    const lines = copy();
    // Not to be closed at a fault: what comes after it belongs to the evidence.
    const unclosed = { [Symbol.asyncIterator]: () => ({ next: () => lines.next() }) };
    const verdict = await verifyChain(readEvents(unclosed), announcedBy(source));
    for (let next = await lines.next(); !next.done; next = await lines.next());
    await target.sync();
    await target.close();
    await rename(partial, file);
    report(verdict, false);
  } catch (error) {
    await target.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

function announcedBy({ announced }: AuditSource): Anchor[] {
  return announced === undefined ? [] : [announced];
}

async function openForWriting(path: string) {
  try {
    return await open(path, 'w', 0o600);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NomosError('INPUT_INVALID', `The file ${path} cannot be written: ${reason}.`, {
      fix: 'Give a file in a folder that you may write.',
      cause: error,
    });
  }
}

async function openNamedRegistry(url = process.env.NOMOS_REGISTRY): Promise<AuditSource> {
  const token = process.env.NOMOS_TOKEN;
  if (!url || !URL.canParse(url)) {
    throw new NomosError('CONFIGURATION_INVALID', 'There is no URL of a registry.', {
      fix: 'Give --registry URL, set NOMOS_REGISTRY, or give an export with --file.',
    });
  }
  if (!token) {
    throw new NomosError('CONFIGURATION_INVALID', 'The variable NOMOS_TOKEN is not set.', {
      fix: 'Set it to a token of an auditor or a platform admin.',
    });
  }
  const { openRegistry } = await import('../audit/audit-source.js');
  return openRegistry(url, token);
}

function report(verdict: AuditVerdict, json: boolean): void {
  const { ok, events, head, fault } = verdict;
  const text = ok
    ? `ok: ${events} events${head === undefined ? '' : `, head ${head}`}`
    : `broken at event ${fault?.sequence} (${fault?.rule}): ${fault?.message} The ${events} before it are as they were written.`;
  process.stdout.write(`${json ? JSON.stringify(verdict) : text}\n`);
  process.exitCode = ok ? 0 : 1;
}

async function orCouldNotRun(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    printError(error);
    process.exitCode = 2;
  }
}
