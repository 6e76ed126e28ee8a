package nomos.conformance;

import java.io.PrintWriter;
import java.io.StringWriter;

/** Refusals by their status codes (definition.proto, {@code Code}). */
enum Refusal {
    ILLEGAL_MESSAGE_TAG(40004, "BadRequestException"),
    ILLEGAL_MESSAGE_KEY(40005, "BadRequestException"),
    ILLEGAL_MESSAGE_GROUP(40006, "BadRequestException"),
    ILLEGAL_MESSAGE_PROPERTY_KEY(40007, "BadRequestException"),
    ILLEGAL_FILTER_EXPRESSION(40010, "BadRequestException", "INVALID_ARGUMENT"),
    ILLEGAL_INVISIBLE_TIME(40011, "BadRequestException"),
    ILLEGAL_DELIVERY_TIME(40012, "BadRequestException"),
    INVALID_RECEIPT_HANDLE(40013, "BadRequestException"),
    UNAUTHORIZED(40100, "UnauthorizedException"),
    FORBIDDEN(40300, "ForbiddenException", "PERMISSION_DENIED"),
    TOPIC_NOT_FOUND(40402, "NotFoundException"),
    CONSUMER_GROUP_NOT_FOUND(40403, "NotFoundException", "INVALID_ARGUMENT"),
    MESSAGE_PROPERTIES_TOO_LARGE(43101, "RequestHeaderFieldsTooLargeException");

    /** An action that is to be refused. */
    @FunctionalInterface
    interface Action {
        void run() throws Exception;
    }

    private final String response;
    private final String exception;
    /** How the refusal of a client's settings, which has no status of RocketMQ, ends the telemetry stream. */
    private final String stream;

    Refusal(int code, String exception) {
        this(code, exception, null);
    }

    Refusal(int code, String exception, String stream) {
        this.response = "response-code=" + code;
        this.exception = exception;
        this.stream = stream;
    }

    /** Throws unless the action fails with this code in the exception that the client has for it. */
    void expect(Action action) {
        String failure = failureOf(action);
        boolean byStatus = failure.contains(response) && failure.contains(exception);
        boolean byStream = stream != null && failure.contains("StatusRuntimeException: " + stream);
        Check.holds(byStatus || byStream, "expected the refusal " + this + ", got " + firstLine(failure));
    }

    /** Throws unless the action fails with such a text, in a check of the client itself or in a server's status. */
    static void expectText(String pattern, Action action) {
        String failure = failureOf(action);
        Check.holds(failure.matches("(?s).*" + pattern + ".*"),
            "expected a refusal with " + pattern + ", got " + firstLine(failure));
    }

    /** The exception with all its causes, for the client wraps what the server said. */
    private static String failureOf(Action action) {
        try {
            action.run();
        } catch (Exception | AssertionError e) {
            StringWriter text = new StringWriter();
            e.printStackTrace(new PrintWriter(text));
            return text.toString();
        }
        throw new AssertionError("expected a refusal, but it was accepted");
    }

    private static String firstLine(String failure) {
        StringBuilder lines = new StringBuilder();
        failure.lines().filter(line -> !line.startsWith("\t")).limit(3).forEach(line -> lines.append(line).append(' '));
        return lines.toString();
    }
}
