/** Closed vocabularies. Where one is absent, as in CI without the registry, only the form of words is checked. */
export interface Vocabularies {
  readonly domains?: ReadonlySet<string> | undefined;
  readonly applications?: ReadonlySet<string> | undefined;
}

/** What is known beside the name itself. Everything is optional; a rule without its facts is not applied. */
export interface NameContext {
  readonly vocabularies?: Vocabularies | undefined;
  /** The code of the application that wants to use the name, for group-belongs-to-application. */
  readonly application?: string | undefined;
  /** Names of the same kind that are in use, for near-duplicate. */
  readonly registeredNames?: Iterable<string> | undefined;
}
