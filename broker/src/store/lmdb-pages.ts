/** What LMDB says about one table, in pages, and about the file that it is in. */
export interface LmdbPages {
  readonly pageBytes: number;
  /** Pages of the file, in use or free. */
  readonly filePages: number;
  /** Pages of the table. */
  readonly tablePages: number;
  /** Pages of the table, of LMDB's list of free pages, and of its two heads. */
  readonly usedPages: number;
}

const HEAD_PAGES = 2;

/** Reads the answer of lmdb's `getStats()`, which its type leaves open. */
export function pagesOf(stats: object): LmdbPages {
  const free = 'free' in stats ? stats.free : undefined;
  const tablePages = pagesOfTree(stats);
  return {
    pageBytes: numberOf(stats, 'pageSize'),
    filePages: numberOf(stats, 'lastPageNumber') + 1,
    tablePages,
    usedPages: tablePages + pagesOfTree(free) + HEAD_PAGES,
  };
}

function pagesOfTree(stats: unknown): number {
  return (
    numberOf(stats, 'treeBranchPageCount') +
    numberOf(stats, 'treeLeafPageCount') +
    numberOf(stats, 'overflowPages')
  );
}

function numberOf(stats: unknown, name: string): number {
  if (typeof stats === 'object' && stats !== null) {
    const value = Object.entries(stats).find(([key]) => key === name)?.[1];
    if (typeof value === 'number') return value;
  }
  throw new Error(`lmdb's statistics have no ${name}`);
}
