package nomos.conformance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Lets the official Java client go through the rows of the plan, and prints the result of each as a line of JSON. */
public final class Main {
    private static final Map<String, RowProgram> ROWS = new HashMap<>();

    static {
        ROWS.putAll(SendingRows.ROWS);
        ROWS.putAll(OrderingRows.ROWS);
        ROWS.putAll(TimingRows.ROWS);
        ROWS.putAll(TransactionRows.ROWS);
        ROWS.putAll(FilterRows.ROWS);
        ROWS.putAll(PushRows.ROWS);
        ROWS.putAll(SimpleRows.ROWS);
        ROWS.putAll(SharingRows.ROWS);
        ROWS.putAll(LimitRows.ROWS);
        ROWS.putAll(AccessRows.ROWS);
    }

    private Main() {
    }

    public static void main(String[] arguments) throws Exception {
        // The client logs to the standard output, which belongs to the results.
        PrintStream results = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Plan plan = Plan.read(input);
        endWith(input);
        switch (arguments[0]) {
            case "rows" -> runRows(plan, results);
            case "half-message" -> sendHalfMessage(plan, results);
            case "hold" -> holdMessages(plan, results);
            default -> throw new IllegalArgumentException("there is no role " + arguments[0]);
        }
    }

    /** The end of the input means that whoever started this program is gone. */
    private static void endWith(BufferedReader input) {
        Thread thread = new Thread(() -> {
            try {
                while (input.read() >= 0) {
                    continue;
                }
            } catch (IOException e) {
                System.err.println("the input failed: " + e);
            }
            Runtime.getRuntime().halt(1);
        }, "input");
        thread.setDaemon(true);
        thread.start();
    }

    private static void runRows(Plan plan, PrintStream results) throws InterruptedException {
        ExecutorService lanes = Executors.newFixedThreadPool(plan.number("lanes"));
        for (String row : plan.rows()) {
            lanes.execute(() -> results.println(toJson(row, runRow(plan, row))));
        }
        lanes.shutdown();
        lanes.awaitTermination(1, TimeUnit.DAYS);
        results.flush();
        // Clients of rows that failed may still be busy; they are not waited for.
        Runtime.getRuntime().halt(0);
    }

    /** The result in the words of the report; the row runs in a thread of its own, so that it can be given up. */
    private static String runRow(Plan plan, String row) {
        RowProgram program = ROWS.get(row);
        if (program == null) {
            return "failed: the Java program has no such row";
        }
        RowClients clients = new RowClients(plan, row);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        int limitSeconds = plan.number("row." + row + ".limitSeconds");
        try {
            Future<Void> running = thread.submit(() -> {
                program.run(clients);
                return null;
            });
            running.get(limitSeconds, TimeUnit.SECONDS);
            return "passed";
        } catch (TimeoutException | InterruptedException e) {
            return "failed: not done within " + limitSeconds + " s";
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            return cause instanceof NotOffered ? "not offered: " + cause.getMessage() : "failed: " + withCauses(cause);
        } finally {
            thread.shutdownNow();
            clients.close();
        }
    }

    /** The client says what the server answered only in the causes of what it throws. */
    private static String withCauses(Throwable thrown) {
        StringBuilder text = new StringBuilder();
        for (Throwable one = thrown; one != null; one = one.getCause()) {
            text.append(text.isEmpty() ? "" : ", caused by ").append(one);
        }
        return text.toString();
    }

    /** Sends a half message and waits to be killed. */
    private static void sendHalfMessage(Plan plan, PrintStream results) throws Exception {
        RowClients clients = new RowClients(plan, plan.rows().get(0));
        TransactionRows.sendHalf(clients, clients.producer(TransactionRows.UNDECIDED, clients.topic()), "orphan");
        results.println("sent");
        new CountDownLatch(1).await();
    }

    /** Takes messages without ever finishing one, and waits to be killed. */
    private static void holdMessages(Plan plan, PrintStream results) throws Exception {
        RowClients clients = new RowClients(plan, plan.rows().get(0));
        CountDownLatch never = new CountDownLatch(1);
        clients.push(new Inbox(), delivery -> {
            results.println(delivery.body());
            never.await();
            return false;
        });
        results.println("ready");
        never.await();
    }

    private static String toJson(String row, String result) {
        return "{\"id\":" + quote(row) + ",\"result\":" + quote(result) + "}";
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char one : text.replaceAll("\\s+", " ").toCharArray()) {
            if (one == '"' || one == '\\') {
                quoted.append('\\').append(one);
            } else if (one < ' ') {
                quoted.append(String.format("\\u%04x", (int) one));
            } else {
                quoted.append(one);
            }
        }
        return quoted.append('"').toString();
    }
}
