package nomos.conformance;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the driver tells this program: {@code key=value} lines that end with an empty one. */
record Plan(Map<String, String> values, List<String> rows) {

    static Plan read(BufferedReader input) throws IOException {
        Map<String, String> values = new HashMap<>();
        List<String> rows = new ArrayList<>();
        for (String line = input.readLine(); line != null && !line.isEmpty(); line = input.readLine()) {
            int end = line.indexOf('=');
            if (end < 0) {
                throw new IOException("a line of the plan has no '='");
            }
            String key = line.substring(0, end);
            String value = line.substring(end + 1);
            if (key.equals("row")) {
                rows.add(value);
            } else {
                values.put(key, value);
            }
        }
        return new Plan(values, rows);
    }

    /** The plan of one row alone, in the form in which it is read. */
    String linesFor(String row) {
        StringBuilder lines = new StringBuilder();
        values.forEach((key, value) -> lines.append(key).append('=').append(value).append('\n'));
        return lines.append("row=").append(row).append("\n\n").toString();
    }

    String text(String key) {
        String value = values.get(key);
        if (value == null) {
            throw new IllegalStateException("the plan has no " + key);
        }
        return value;
    }

    int number(String key) {
        return Integer.parseInt(text(key));
    }
}
