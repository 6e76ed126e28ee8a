package nomos.conformance;

/** Shows one feature; it throws when the feature does not hold, and NotOffered when the client has no way to ask. */
@FunctionalInterface
interface RowProgram {
    void run(RowClients clients) throws Exception;
}
