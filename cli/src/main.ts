import { Command, CommanderError } from 'commander';
import { addAuditCommand } from './commands/audit.js';
import { addBrokerCommand } from './commands/broker.js';
import { addLintCommand } from './commands/lint.js';
import { addQuickstartCommand } from './commands/quickstart.js';
import { addUpCommand } from './commands/up.js';
import { printError } from './output.js';

/** The `nomos` command with its subcommands. */
export function createProgram(): Command {
  const program = new Command('nomos')
    .description('The governed way to use a message queue inside an enterprise.')
    .showHelpAfterError('(--help shows the options)')
    .exitOverride();
  addUpCommand(program);
  addQuickstartCommand(program);
  addLintCommand(program);
  addBrokerCommand(program);
  addAuditCommand(program);
  return program;
}

/** Runs the command line; returns the exit code: 0 done, 1 failed or found something, 2 could not run. */
export async function run(parameters: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync([...parameters], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has already printed what was wrong with the call.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(error);
    return 1;
  }
}
