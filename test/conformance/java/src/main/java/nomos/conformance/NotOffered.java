package nomos.conformance;

/** The client's interface does not allow the row, which counts neither as passed nor as failed. */
final class NotOffered extends Exception {
    private static final long serialVersionUID = 1L;

    NotOffered(String reason) {
        super(reason);
    }
}
