/** The environment of everything that is measured. */
export const ENVIRONMENT = 'dev';
