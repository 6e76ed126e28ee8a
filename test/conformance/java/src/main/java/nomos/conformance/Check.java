package nomos.conformance;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** What rows demand; each method throws an AssertionError that says what was found instead. */
final class Check {
    private Check() {
    }

    static void holds(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    static void equal(String what, Object actual, Object expected) {
        holds(Objects.equals(actual, expected), what + ": expected " + expected + ", got " + actual);
    }

    /** Each of the expected is there exactly once, in any order. */
    static void same(String what, List<String> actual, Collection<String> expected) {
        Set<String> seen = new HashSet<>();
        for (String one : actual) {
            holds(seen.add(one), what + ": " + one + " came more than once");
        }
        for (String one : expected) {
            holds(seen.contains(one), what + ": " + one + " is missing, " + actual.size() + " came");
        }
        equal(what + ": count", actual.size(), expected.size());
    }

    static void duration(String what, long ms, long atLeastMs, long atMostMs) {
        holds(ms >= atLeastMs, what + " after " + ms + " ms, before " + atLeastMs + " ms");
        holds(ms <= atMostMs, what + " after " + ms + " ms, later than " + atMostMs + " ms");
    }
}
